/** A page as one file: it needs no network, no script and no other file, and its policy allows none. */
import { createHash } from 'node:crypto';
import { escaped } from './html.ts';

export interface HtmlPage {
  /** As text. */
  readonly title: string;
  readonly style: string;
  /** What stands between the body's tags: markup, in which whatever files and peers say is escaped. */
  readonly body: string;
}

export function htmlPage({ title, style, body }: HtmlPage): string {
  const digest = createHash('sha256').update(style).digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

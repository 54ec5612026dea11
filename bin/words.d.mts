interface Word {
  readonly type: 'string';
  readonly default: string;
}

export function wordsOf<Words extends Readonly<Record<string, Word>>>(
  tool: string,
  options: Words,
): { readonly [Name in keyof Words]: string };

export function refuseWords(tool: string, sentence: string): never;

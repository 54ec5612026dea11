/** Text as it stands in HTML, in an element or in an attribute in double quotes. */
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** What no page should have in it, besides what would be markup: characters that turn the direction of writing, or nothing at all. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/gu;

export function escaped(text: string): string {
  return text.replace(UNPRINTABLE, '?').replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

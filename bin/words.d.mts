type Word =
  { readonly type: 'string'; readonly default: string } | { readonly type: 'boolean'; readonly default: boolean };

export function wordsOf<Words extends Readonly<Record<string, Word>>>(
  tool: string,
  options: Words,
): { readonly [Name in keyof Words]: Words[Name]['type'] extends 'boolean' ? boolean : string };

export function refuseWords(tool: string, sentence: string): never;

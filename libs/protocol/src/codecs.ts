/** How gradients may travel: as they are, or packed into fewer bits. */
export const CODECS = ['f32', 'f16', 'bf16', 'int8'] as const;
export type CodecName = (typeof CODECS)[number];

export interface Preset {
  readonly name: string;
}

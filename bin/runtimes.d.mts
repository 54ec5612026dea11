export function anyRuntimeLibraries(): string[];

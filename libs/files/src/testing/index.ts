export { FullDisk } from './full-disk.ts';

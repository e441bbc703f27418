// What stands below the fold, loaded after the numbers are there.
export { Partitions } from './partitions.tsx';
export { Redrives } from './redrives.tsx';
export { Token } from './token.tsx';

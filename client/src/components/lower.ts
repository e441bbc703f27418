// What the first look does without, loaded after the numbers are there.
export { History } from './history.tsx';
export { Incident } from './incident.tsx';
export { Partitions } from './partitions.tsx';
export { Redrives } from './redrives.tsx';
export { Token } from './token.tsx';

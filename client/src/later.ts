// What the first look does without: one file, loaded once the numbers are there, so that everything opens at once.
export { sendOne, sent } from './acts.ts';
export { Dialogs } from './components/dialogs.tsx';
export { FollowForm } from './components/follow-form.tsx';
export { History } from './components/history.tsx';
export { Incident } from './components/incident.tsx';
export { Keys } from './components/keys.tsx';
export { LettersBrowser } from './components/letters-browser.tsx';
export { Notify } from './components/notify.tsx';
export { Partitions } from './components/partitions.tsx';
export { Redrives } from './components/redrives.tsx';
export { Schemas } from './components/schemas.tsx';
export { Teach } from './components/teach.tsx';
export { Token } from './components/token.tsx';

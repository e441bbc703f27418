// What the first look does without: one file, loaded once the numbers are there, so that everything opens at once.
export { sendOne, sent } from './acts.ts';
export { Below } from './components/below.tsx';
export { Dialogs } from './components/dialogs.tsx';
export { History } from './components/history.tsx';
export { LettersBrowser } from './components/letters-browser.tsx';

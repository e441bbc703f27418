// What is done to dead letters without a dialog, and how it is taken back.
import { cancelRedrive, redrive } from './api.ts';
import type { Notice } from './desk.ts';

type Say = (notice: Notice) => void;

/** Sends one letter at once: the five seconds in which the server holds it are the time to think again. */
export async function sendOne(id: string, say: Say) {
  try {
    const answer = await redrive({ ids: [id] }, { why: '', rate: 50, canary: null }, false);
    sent(answer.id, say, `Redriving message ${id} in 5 s. Closing this page does not stop it.`);
  } catch (error) {
    say({ text: `Not redriven: ${(error as Error).message}.` });
  }
}

/** Says that a redrive was taken, and offers the way back. */
export function sent(id: string | null, say: Say, text = 'The redrive begins in 5 s.') {
  say(id === null ? { text } : { text, undo: () => void undo(id, say) });
}

async function undo(id: string, say: Say) {
  try {
    const { sent: gone, selected } = await cancelRedrive(id);
    const stays = `${selected - gone} of ${selected} stay dead letters`;
    say({ text: gone === 0 ? 'Cancelled. Nothing was sent.' : `Cancelled. ${stays}.` });
  } catch (error) {
    say({ text: `Not cancelled: ${(error as Error).message}.` });
  }
}

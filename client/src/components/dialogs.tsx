// The dialogs that act, loaded when the first of them is opened.
import type { Desk } from '../desk.ts';
import type { Model } from '../store.ts';
import { Follow } from './follow.tsx';
import { LetterDialog } from './letter-dialog.tsx';
import { PauseDialog } from './pause-dialog.tsx';
import { RedriveDialog } from './redrive-dialog.tsx';

/** The dialog that is open. */
export function Dialogs(props: { desk: Desk; model: Model; refused: string | null }) {
  const { desk, model, refused } = props;
  const { opened } = desk;
  switch (opened?.kind) {
    case 'letter':
      return (
        <LetterDialog
          id={opened.id}
          refused={refused}
          deadLetterTopic={model.status.deadLetterTopic}
          onOpen={desk.openLetter}
          onFollow={desk.follow}
          onClose={desk.close}
          onRedrive={desk.sendOne}
          onSent={desk.sent}
        />
      );
    case 'order':
      return <Follow id={opened.id} onOpen={desk.openLetter} onClose={desk.close} />;
    case 'redrive':
      return (
        <RedriveDialog
          selection={opened.selection}
          title={opened.title}
          topic={model.status.topic}
          onClose={desk.close}
          onSent={desk.sent}
        />
      );
    case 'pause':
      return (
        <PauseDialog
          pauses={opened.pauses}
          partitions={model.lag.length}
          onClose={desk.close}
          onDone={(text) => {
            desk.close();
            desk.setNotice({ text });
          }}
        />
      );
    default:
      return null;
  }
}

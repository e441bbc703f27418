import type { useDesk } from '../desk.ts';
import type { Model } from '../store.ts';

/** The dialog that is open. */
export function Dialogs(props: {
  dialogs: typeof import('./desk-dialogs.tsx');
  desk: ReturnType<typeof useDesk>;
  model: Model;
  refused: string | null;
}) {
  const { dialogs, desk, model, refused } = props;
  const { opened } = desk;
  switch (opened?.kind) {
    case 'letter':
      return (
        <dialogs.LetterDialog
          id={opened.id}
          refused={refused}
          deadLetterTopic={model.status.deadLetterTopic}
          onOpen={desk.openLetter}
          onClose={desk.close}
          onRedrive={desk.sendOne}
          onSent={desk.sent}
        />
      );
    case 'redrive':
      return (
        <dialogs.RedriveDialog
          selection={opened.selection}
          title={opened.title}
          topic={model.status.topic}
          onClose={desk.close}
          onSent={desk.sent}
        />
      );
    case 'pause':
      return (
        <dialogs.PauseDialog
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

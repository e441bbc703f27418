import type { Status } from '../../../server/http/contract.ts';
import { Command } from './command.tsx';

/** In place of the table until the first order: what is waiting, and how to send something. */
export function NoOrders({ status }: { status: Status }) {
  return (
    <div class="empty">
      <h3 class="text-15 font-semibold">No orders yet</h3>
      <p class="mt-1 text-muted">
        The consumer is connected and waiting on topic “{status.topic}”. Start the producer in a
        second terminal; the first order shows here within a second.
      </p>
      {status.hints.produce && (
        <p class="mt-3">
          <Command text={status.hints.produce} />
        </p>
      )}
    </div>
  );
}

// What the page is asked to do: which dialog is open, and what is said of what was done.
import { useEffect, useState } from 'preact/hooks';
import type { Selection } from './api.ts';
import type { Model } from './store.ts';
import { parameter, setParameters } from './url.ts';

/** A sentence above the page, and perhaps what takes it back. */
export interface Notice {
  readonly text: string;
  readonly undo?: () => void;
}

export type Opened =
  | { readonly kind: 'letter'; readonly id: string }
  | { readonly kind: 'order'; readonly id: string }
  | { readonly kind: 'redrive'; readonly selection: Selection; readonly title: string }
  | { readonly kind: 'pause'; readonly pauses: boolean };

const later = () => import('./later.ts');

export type Desk = ReturnType<typeof useDesk>;

/** The dialog that is open (a letter or an order stands in the address, so that the back button closes it), and the notice. */
export function useDesk() {
  const [opened, setOpened] = useState<Opened | null>(fromAddress);
  const [notice, setNotice] = useState<Notice | null>(null);
  useEffect(() => {
    const back = () => setOpened(fromAddress());
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);

  function close() {
    setOpened(null);
    setParameters({ dlq: null, order: null });
  }

  return {
    opened,
    notice,
    setNotice,
    close,
    async sendOne(id: string) {
      close();
      await (await later()).sendOne(id, setNotice);
    },
    async sent(redriveId: string | null) {
      close();
      (await later()).sent(redriveId, setNotice);
    },
    openLetter(id: string) {
      setOpened({ kind: 'letter', id });
      setParameters({ dlq: id, order: null }, true);
    },
    follow(id: string) {
      setOpened({ kind: 'order', id });
      setParameters({ dlq: null, order: id }, true);
    },
    open: setOpened,
  };
}

function fromAddress(): Opened | null {
  const id = parameter('dlq');
  if (id !== null) return { kind: 'letter', id };
  const order = parameter('order');
  return order === null ? null : { kind: 'order', id: order };
}

/** Why nothing can be commanded from here, in words; null when it can. */
export function refusalOf(model: Model | null, hasToken: boolean): string | null {
  const { mode, why } = model?.writing ?? { mode: 'off', why: 'the server has not answered yet' };
  if (mode === 'open' || (mode === 'token' && hasToken)) return null;
  return why ?? 'this server takes no commands';
}

import { useEffect, useRef, useState } from 'preact/hooks';
import { adviceOn } from './advice.ts';
import { createAnnouncer } from './announcer.ts';
import { browser, fetchSeries } from './browser.ts';
import { Cards } from './components/cards.tsx';
import { ContextLine } from './components/context-line.tsx';
import { DeadLetters } from './components/dead-letters.tsx';
import { Header } from './components/header.tsx';
import { Products } from './components/products.tsx';
import { Toast } from './components/toast.tsx';
import { refusalOf, useDesk } from './desk.ts';
import { FACES } from './faces.ts';
import { setFavicon } from './favicon.ts';
import type { FeedState } from './feed-state.ts';
import { useLazy, usePause, usePolled, useTick } from './hooks.ts';
import { marksOf } from './marks.ts';
import { useRange } from './range.ts';
import {
  announcementOf,
  type Condition,
  conditionOf,
  detailOf,
  isOld,
  serverTime,
  titleOf,
  tooltipOf,
} from './trust.ts';

const SERIES_EVERY = 2000;
const LONG_SERIES_EVERY = 5000;
const RESTARTED = 'The server restarted. Totals go on from what Kafka holds.';

/** The whole page, a function of the feed's state, the time, and the user's pause. */
export function App({ feed, onRetry }: { feed: FeedState; onRetry: () => void }) {
  useTick(500);
  const { held, paused, toggle } = usePause(feed.model, onRetry);
  const desk = useDesk();
  const now = browser.clock.now();
  const heard = conditionOf(feed, now, navigator.onLine);
  const condition = paused ? 'frozen' : heard;
  const old = isOld(heard);
  const model = paused ? held : feed.model;
  const time = old || paused ? null : serverTime(feed, now);
  const later = useLazy(() => import('./later.ts'), feed.model !== null);
  const [tokens, setTokens] = useState(0);
  const refused = refusalOf(model, sessionStorage.getItem('token') !== null);
  const [range, setRange] = useRange();
  const shortSeries = usePolled('2m', SERIES_EVERY, () => fetchSeries('2m'));
  const longSeries = usePolled(range, LONG_SERIES_EVERY, () => fetchSeries(range));
  const series = range === '2m' ? shortSeries : longSeries;
  const advice = adviceOn(heard, feed, now);
  const title = titleOf(condition, model);
  const { favicon } = FACES[condition];

  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => setFavicon(favicon), [favicon]);
  const announcer = useAnnouncements(condition, feed);
  useRestarts(feed, (text) => {
    desk.setNotice({ text });
    announcer.say(text);
  });

  return (
    <div data-old={old && !paused}>
      <a class="skip" href="#figures">
        Skip to the figures
      </a>
      <Header
        model={model}
        condition={condition}
        detail={detailOf(condition, feed, now, model)}
        tooltip={tooltipOf(feed, now)}
        advancedAt={paused ? null : feed.advancedAt}
        onPause={toggle}
      />
      <main class="flex flex-col">
        <ContextLine
          advice={advice}
          onAction={
            advice.action === 'Resume' ? () => desk.open({ kind: 'pause', pauses: false }) : onRetry
          }
        />
        <Cards model={model} time={time} series={shortSeries} />
        <div class="page history">
          {later && (
            <later.History
              series={series}
              range={range}
              marks={marksOf(model)}
              held={paused}
              onRange={setRange}
            />
          )}
        </div>
        <div class="page panels" data-waiting={model === null}>
          <Products model={model} now={now} old={old || paused} />
          <DeadLetters
            model={model}
            Browser={later?.LettersBrowser ?? null}
            old={old || paused}
            time={time}
            refused={refused}
            onDetails={desk.openLetter}
            onRedrive={(selection, title) => desk.open({ kind: 'redrive', selection, title })}
          />
        </div>
        <div class="partitions-place">
          {later && model && (
            <later.Below
              {...{ model, time, refused, desk, advice }}
              word={FACES[heard].word}
              onToken={() => setTokens(tokens + 1)}
            />
          )}
        </div>
      </main>
      {desk.notice && <Toast notice={desk.notice} onClose={() => desk.setNotice(null)} />}
      {desk.opened && model && later && (
        <later.Dialogs desk={desk} model={model} refused={refused} />
      )}
    </div>
  );
}

/** Says when the server behind this address has restarted, and only then. */
function useRestarts({ model }: FeedState, say: (text: string) => void) {
  // One that was seen before did not restart: there are several behind this address.
  const { current: epochs } = useRef(new Set<number>());
  useEffect(() => {
    const epoch = model?.epoch;
    if (epoch === undefined || epochs.has(epoch)) return;
    if (epochs.size > 0) say(RESTARTED);
    epochs.add(epoch);
  }, [model?.epoch, say]);
}

/** Tells the one status node of the page, which stands outside of what is drawn again. */
function useAnnouncements(condition: Condition, feed: FeedState) {
  const [announcer] = useState(() =>
    createAnnouncer(browser.clock, (text) => {
      const node = document.getElementById('status');
      if (node) node.textContent = text;
    }),
  );
  const text = announcementOf(condition, feed);
  useEffect(() => {
    announcer.state(text, condition === 'connecting' ? 3000 : undefined);
  }, [announcer, text, condition]);
  const letters = feed.model?.metrics?.balance.deadLettered;
  useEffect(() => {
    if (letters !== undefined) announcer.deadLetters(letters);
  }, [announcer, letters]);
  return announcer;
}

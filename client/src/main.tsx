import { render } from 'preact';
import { App } from './app.tsx';
import { browser } from './browser.ts';
import { createPageFeed } from './feed.ts';
import type { FeedState } from './feed-state.ts';

const root = document.getElementById('app') as HTMLElement;
const feed = createPageFeed(browser, draw);

function draw(state: FeedState) {
  render(<App feed={state} onRetry={feed.retry} />, root);
}

const seen = () => feed.setVisible(document.visibilityState === 'visible');

document.addEventListener('visibilitychange', seen);
addEventListener('online', feed.retry);
// A page in the back/forward cache must hold no connection.
addEventListener('pagehide', feed.stop);
addEventListener('pageshow', (event) => {
  if (event.persisted) feed.start();
});

feed.start();
seen();

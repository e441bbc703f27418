// Browsers lend the clipboard to secure pages only: over plain http an older way may work, and where it
// does not, the text is selected, so that two keys copy it.

/** Whether the text was copied; if not, the text of `shown` is selected. */
export async function copy(text: string, shown: Node | null): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (shown === null) return false;
    getSelection()?.selectAllChildren(shown);
    // Deprecated, and the only way without https.
    return document.execCommand('copy');
  }
}

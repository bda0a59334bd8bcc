/**
 * Whether the page is still where it was, as far as these parameters of its search go. Who confirmed something may have closed
 * the dialog, or gone elsewhere, before the cluster answered: then there is nothing left to close.
 */
export function isStillAt({ pathname, search }: { pathname: string; search: string }, parameters: readonly string[]): boolean {
  const [then, now] = [new URLSearchParams(search), new URLSearchParams(window.location.search)]
  return window.location.pathname === pathname && parameters.every((name) => then.get(name) === now.get(name))
}

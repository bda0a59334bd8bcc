/** Nobody is using anything on the page: the console may have the keyboard. */
export function focusIsFree(): boolean {
  const { activeElement } = document
  return activeElement === null || activeElement === document.body || activeElement.id === 'main'
}

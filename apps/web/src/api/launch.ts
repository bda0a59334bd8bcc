// The link that the server prints where it serves this machine's own kubeconfig: `/#t=TOKEN`, good for one sign-in.
let token: string | undefined
let read = false

/** The token of the address, once; the address and the history forget it. */
export function takeLaunch(): string | undefined {
  if (!read) {
    read = true
    token = /^#t=([\w-]{43})$/.exec(location.hash)?.[1]
    if (token) history.replaceState(history.state, '', location.pathname + location.search)
  }
  const taken = token
  token = undefined
  return taken
}

// What goes on in the background with somebody's rights ends with the session: nobody goes on with another's work.
let session = new AbortController()

/** Aborts when somebody else, or nobody, is signed in. */
export const sessionSignal = (): AbortSignal => session.signal

export function endSession(): void {
  session.abort()
  session = new AbortController()
}

// xterm makes its style sheets with scripts and knows no nonce: style elements get the page's when they are made.
import { cspNonce } from '../../util/csp.ts'

let given = false

/** Before a library makes its first style element. The policy stays as strict as it is: the nonce is the page's own. */
export function giveStylesTheNonce() {
  const nonce = cspNonce()
  if (given || !nonce) return
  given = true
  const create = Document.prototype.createElement
  Document.prototype.createElement = function (this: Document, name: string, options?: ElementCreationOptions) {
    const element = create.call(this, name, options)
    if (element instanceof HTMLStyleElement) element.setAttribute('nonce', nonce)
    return element
  } as typeof create
}

// What is asked of every page while strings of `hostile-strings.ts` are where others may write.
import { expect, type BrowserContext, type Page } from '@playwright/test'

export type Alarms = { raised: string[] }

/** Whatever runs, asks, opens or breaks the policy from now on, on any page. */
export async function listenForAlarms(context: BrowserContext): Promise<Alarms> {
  const raised: string[] = []
  await context.exposeFunction('canaryHeard', (what: string) => void raised.push(what))
  await context.addInitScript(() => {
    const heard = (what: string) => (globalThis as unknown as { canaryHeard(what: string): void }).canaryHeard(what)
    Object.assign(globalThis, { canary: () => heard('a script ran') })
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => heard(`${violatedDirective} ${blockedURI}`))
  })
  context.on('dialog', (dialog) => {
    raised.push(`a dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  context.on('request', (request) => {
    if (/canary/.test(new URL(request.url()).pathname + new URL(request.url()).host)) raised.push(`asked for ${request.url()}`)
  })
  return { raised }
}

/** Nothing of a page was made by a text, and nothing in it is hidden from the eye. */
export async function expectHarmless(page: Page, { raised }: Alarms): Promise<void> {
  const found = await page.evaluate(() => {
    const strange: string[] = []
    const foreign = 'x-canary,iframe,object,embed,base,marquee,video,audio,math,template,picture,source,frame,applet,noscript noscript'
    for (const element of document.querySelectorAll(foreign)) strange.push(element.outerHTML.slice(0, 200))
    for (const element of document.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        if (/^on|^srcdoc$|^formaction$|^ping$/.test(name)) strange.push(`${name} of ${element.outerHTML.slice(0, 200)}`)
        if (!/^(href|src|action|srcset|xlink:href)$/.test(name) || value.startsWith('data:image/')) continue
        const { origin, pathname } = new URL(value, location.href)
        if (origin !== location.origin || pathname.startsWith('/canary')) strange.push(`${name}=${value.slice(0, 200)}`)
      }
      if (/^(SCRIPT|STYLE)$/.test(element.tagName) && !(element as HTMLScriptElement).nonce)
        strange.push(`${element.tagName} without a nonce`)
    }
    const unseen = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const text = walker.currentNode.nodeValue ?? ''
      if (unseen.test(text)) strange.push(`hidden in ${JSON.stringify(text.slice(0, 200))}`)
    }
    for (const element of document.querySelectorAll('[title], [aria-label]')) {
      const text = `${element.getAttribute('title')} ${element.getAttribute('aria-label')}`
      if (unseen.test(text)) strange.push(`hidden in a name: ${JSON.stringify(text.slice(0, 200))}`)
    }
    // What no element makes but an attack could: a property on every object.
    for (const name in {}) strange.push(`every object has ${name}`)
    return [...strange, ...('canary' in Object.prototype ? ['Object.prototype.canary'] : [])]
  })
  expect(found).toEqual([])
  expect(raised).toEqual([])
}

/** The hostile strings that texts hold, told by their marks. */
export const marks = (texts: readonly string[]) => new Set(texts.join(' ').match(/ h\d{3}/g))

/** How many of the hostile strings a place shows. */
export async function marksIn(page: Page, selector: string): Promise<number> {
  return marks(await page.locator(selector).allTextContents()).size
}

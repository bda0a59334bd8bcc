// The way of a browser through single sign-on, step by step: what happens at the identity provider is a person's click.
import { randomUUID } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { openBrowser, type Browser } from './browser.ts'
import type { HostileIdentityProvider } from './hostile-identity-provider.ts'

/** Where an answer leads, by a redirect or, after a failure, by itself. */
export function locationOf({ headers }: Response): URL {
  const led = headers.get('location') ?? headers.get('refresh')?.replace(/^0;url=/, '')
  return new URL(led ?? '', 'http://nowhere')
}
export const pathOf = (url: URL) => url.pathname + url.search

/** Begins a sign-in; gives back where the browser is sent. Throws when it is sent nowhere. */
export async function beginSignIn(browser: Browser, rt = '/'): Promise<URL> {
  const response = await browser.navigate(`/auth/login?rt=${encodeURIComponent(rt)}`)
  if (response.status !== 302) throw new Error(`/auth/login answered ${response.status}`)
  return locationOf(response)
}

/** What a person does at the provider, up to the way back. */
export async function passProvider(start: URL, person: string): Promise<URL> {
  const atProvider = openBrowser(start.origin)
  let next = start
  for (let steps = 0; steps < 10 && next.origin === start.origin; steps += 1) {
    const chooses = next.pathname.startsWith('/interaction/')
    const response = await atProvider.request(chooses ? `${next.pathname}?as=${person}` : pathOf(next), {
      method: chooses ? 'POST' : 'GET',
    })
    next = new URL(response.headers.get('location') ?? '', next)
  }
  return next
}

/** Signs in as a person of the provider; gives back the callback's answer. */
export async function signInAs(browser: Browser, person: string, rt?: string): Promise<Response> {
  return browser.request(pathOf(await passProvider(await beginSignIn(browser, rt), person)))
}

/** Signs in at the hostile provider, which answers with a token made of good claims; gives back where the callback leads. */
export async function signInWith(
  hostile: HostileIdentityProvider,
  browser: Browser,
  token: (claims: JWTPayload) => Promise<unknown>,
  more: Record<string, unknown> = {},
): Promise<URL> {
  const { searchParams } = await beginSignIn(browser)
  const claims = hostile.claims(searchParams.get('nonce') ?? '')
  hostile.answer(async () => ({
    body: { access_token: 'a', token_type: 'bearer', refresh_token: randomUUID(), id_token: await token(claims), ...more },
  }))
  return locationOf(await browser.request(`/auth/callback?code=c&state=${searchParams.get('state')}`))
}

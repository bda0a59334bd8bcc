// An identity provider for the demo and the tests: a real OpenID provider in this process, whose people sign in with a click.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Provider from 'oidc-provider'

export type Person = { name: string; description: string; groups?: string[] }

export type IdentityProvider = AsyncDisposable & {
  issuer: string
  clientId: string
  clientSecret: string
  /** From now on, the application at this origin may send people here. */
  serve(applicationOrigin: string): void
}

/** Without a port, a free one. */
export type IdentityProviderOptions = { people: readonly Person[]; idTokenSeconds?: number; port?: number }

/** Listens on a free port of the loopback interface. */
export async function startIdentityProvider({
  people,
  idTokenSeconds = 900,
  port = 0,
}: IdentityProviderOptions): Promise<IdentityProvider> {
  // Only here is it needed: `npm start` does without it.
  const { default: OidcProvider } = await import('oidc-provider')
  const [clientId, clientSecret] = ['virtdeck', randomBytes(24).toString('base64url')]
  let provider: Provider | undefined
  const server = createServer((req, res) => {
    if (!provider) return void res.writeHead(503).end()
    void handle(provider, people, req, res).catch(() => res.headersSent || res.writeHead(400).end('The sign-in is over. Begin again.'))
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })

  return {
    issuer,
    clientId,
    clientSecret,
    serve(applicationOrigin) {
      provider = new OidcProvider(issuer, {
        clients: [
          {
            client_id: clientId,
            client_secret: clientSecret,
            redirect_uris: [`${applicationOrigin}/auth/callback`],
            post_logout_redirect_uris: [`${applicationOrigin}/`],
            grant_types: ['authorization_code', 'refresh_token'],
            response_types: ['code'],
          },
        ],
        jwks: { keys: [{ ...signingKey, use: 'sig', alg: 'RS256', kid: 'demo' }] },
        cookies: { keys: [randomBytes(24).toString('base64url')] },
        pkce: { required: () => true },
        conformIdTokenClaims: false,
        scopes: ['openid', 'offline_access', 'profile', 'email', 'groups'],
        claims: { profile: ['preferred_username'], groups: ['groups'] },
        features: {
          devInteractions: { enabled: false },
          revocation: { enabled: true },
          rpInitiatedLogout: {
            enabled: true,
            logoutSource: (ctx: { body?: unknown }, form: string) =>
              void (ctx.body = page(
                'Sign out',
                `${form}<button autofocus form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
              )),
          },
        },
        ttl: {
          IdToken: idTokenSeconds,
          AccessToken: idTokenSeconds,
          RefreshToken: 86_400,
          Session: 86_400,
          Grant: 86_400,
          Interaction: 600,
        },
        rotateRefreshToken: true,
        issueRefreshToken: () => true,
        interactions: { url: (_ctx: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
        findAccount: (_ctx: unknown, id: string) => ({
          accountId: id,
          claims: () => ({ sub: id, preferred_username: id, groups: people.find(({ name }) => name === id)?.groups ?? [] }),
        }),
        // The demo's only application needs nobody's consent.
        async loadExistingGrant(ctx: typeof Provider.Context) {
          const { client, session } = ctx.oidc
          if (!provider) return undefined
          const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
          grant.addOIDCScope('openid offline_access profile email groups')
          await grant.save()
          return grant
        },
      })
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function handle(provider: Provider, people: readonly Person[], req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://provider')
  if (pathname === '/favicon.ico') return void res.writeHead(204).end()
  if (!pathname.startsWith('/interaction/')) return provider.callback()(req, res)
  await provider.interactionDetails(req, res)
  const chosen = people.find(({ name }) => name === searchParams.get('as'))
  if (req.method === 'POST' && chosen) return provider.interactionFinished(req, res, { login: { accountId: chosen.name } })
  const buttons = people.map(
    ({ name, description }) =>
      `<form method="post" action="?as=${encodeURIComponent(name)}"><button>${escape(name)}</button> ${escape(description)}</form>`,
  )
  res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page('Who are you?', buttons.join('')))
}

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · demo identity provider</title>
<style>body{font:16px/1.5 system-ui;max-width:32rem;margin:10vh auto;padding:0 1rem;color-scheme:light dark}form{margin:.5rem 0}button{font:inherit;min-width:9rem;padding:.4rem 1rem}</style>
<main><h1>${title}</h1>${body}</main></html>`

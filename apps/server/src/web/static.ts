// The built web: only files that were there at the start, found by their exact name.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { Router, type RequestHandler, type Response } from 'express'
import { refusal } from '../refusal.ts'
import { isRead } from '../auth/provenance.ts'
import { nonceOf, pageHeaders } from './security-headers.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
}

type Asset = { type: string; immutable: boolean; etag: string; body: Buffer; br?: Buffer; gzip?: Buffer }

export function webRouter(webRoot: string, secure: boolean): Router {
  const manifest = readManifest(webRoot)
  const page = existsSync(join(webRoot, 'index.html')) ? readFileSync(join(webRoot, 'index.html'), 'utf8') : undefined
  const router = Router({ caseSensitive: true, strict: true })

  router.use((req, res, next) => {
    const asset = isRead(req.method) ? manifest.get(req.path) : undefined
    if (asset) sendAsset(res, asset, req.headers)
    else next()
  })
  router.use(pagesOnly, ...pageHeaders(secure), (req, res) => {
    if (page === undefined) throw refusal(404, 'The web is not built: there is no index.html in the web root.')
    res.type('html').send(req.method === 'HEAD' ? '' : page.replaceAll('__CSP_NONCE__', nonceOf(res)))
  })
  return router
}

/** The single-page app answers navigations; a missing script or image is missing. */
const pagesOnly: RequestHandler = (req, _res, next) => {
  const navigates = req.headers['sec-fetch-mode'] === 'navigate' || /\btext\/html\b/.test(req.headers.accept ?? '')
  if (isRead(req.method) && navigates && !req.path.startsWith('/assets/')) next()
  else next('router')
}

function sendAsset(res: Response, asset: Asset, headers: NodeJS.Dict<string | string[]>): void {
  const accepted = String(headers['accept-encoding'] ?? '')
  res.setHeader('cache-control', cacheControlOf(asset))
  res.setHeader('vary', 'Accept-Encoding')
  res.setHeader('etag', asset.etag)
  res.removeHeader('content-security-policy')
  res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  if (headers['if-none-match'] === asset.etag) {
    res.status(304).end()
    return
  }
  const encoded = asset.br && /\bbr\b/.test(accepted) ? 'br' : asset.gzip && /\bgzip\b/.test(accepted) ? 'gzip' : undefined
  if (encoded) res.setHeader('content-encoding', encoded)
  res.setHeader('content-type', asset.type)
  res.end(encoded ? asset[encoded] : asset.body)
}

function cacheControlOf({ immutable, type }: Asset): string {
  if (immutable) return 'public, max-age=31536000, immutable'
  // Browsers look for the icon again whenever the address changes, and a search is in the address.
  return type.startsWith('image/') ? 'public, max-age=86400' : 'no-cache'
}

function readManifest(webRoot: string): Map<string, Asset> {
  const manifest = new Map<string, Asset>()
  if (!existsSync(webRoot)) return manifest
  for (const entry of readdirSync(webRoot, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const type = types[extname(entry.name)]
    const name = `/${relative(webRoot, path).split(sep).join('/')}`
    if (!entry.isFile() || !type || name === '/index.html' || entry.name.startsWith('.')) continue
    const body = readFileSync(path)
    const beside = (suffix: string) => (existsSync(path + suffix) ? readFileSync(path + suffix) : undefined)
    manifest.set(name, {
      type,
      immutable: name.startsWith('/assets/'),
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      body,
      br: beside('.br'),
      gzip: beside('.gz'),
    })
  }
  return manifest
}

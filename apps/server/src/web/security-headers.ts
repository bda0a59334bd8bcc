// The headers that keep a page, an asset and an API answer each to what they are (SECURITY section 7.2).
import { randomBytes } from 'node:crypto'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { RequestHandler, Response } from 'express'
import helmet from 'helmet'
import { reportPath } from './csp-report.ts'

const permissions =
  'camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), hid=(), clipboard-read=(self), clipboard-write=(self), fullscreen=(self)'

export function nonceOf(res: Response): string {
  return String(res.locals.nonce)
}

/** For everything: an answer that is neither page nor asset may not be rendered, framed or read by another origin. */
export function securityHeaders(secure: boolean): (res: ServerResponse) => void {
  const setHelmet = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], sandbox: [] } },
    strictTransportSecurity: secure ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
  })
  // The same for every answer: asked for once.
  const sample = new ServerResponse(new IncomingMessage(new Socket()))
  setHelmet(sample.req, sample, (error) => {
    if (error) throw error
  })
  const headers = Object.entries({ ...sample.getHeaders(), 'permissions-policy': permissions, 'cache-control': 'no-store', vary: 'Cookie' })
  return (res) => {
    for (const [name, value] of headers) if (value !== undefined) res.setHeader(name, value)
  }
}

/** For the page: scripts and styles by nonce, Trusted Types, of which nobody makes any: no text becomes code or markup. */
export function pageHeaders(secure: boolean): RequestHandler[] {
  const nonce = (_req: unknown, res: unknown) => `'nonce-${nonceOf(res as Response)}'`
  return [
    (_req, res, next) => {
      res.locals.nonce = randomBytes(16).toString('base64')
      if (secure) res.setHeader('reporting-endpoints', `csp="${reportPath}"`)
      next()
    },
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: [nonce, "'strict-dynamic'"],
        styleSrcElem: ["'self'", nonce],
        styleSrcAttr: ["'none'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        formAction: ["'self'"],
        frameSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        objectSrc: ["'none'"],
        requireTrustedTypesFor: ["'script'"],
        trustedTypes: ["'none'"],
        // Browsers that know report-to look at nothing else, and send to no endpoint over plain HTTP: there the old one serves.
        ...(secure ? { reportTo: ['csp'] } : {}),
        reportUri: [reportPath],
        ...(secure ? { upgradeInsecureRequests: [] } : {}),
      },
    }),
  ]
}

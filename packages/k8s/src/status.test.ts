import { expect, test } from 'vitest'
import { StatusError, failure, statusOfResponse, toStatus } from './status.ts'

test('keeps the Status of a StatusError, and a Status as it is', () => {
  const status = failure(409, 'already exists', { reason: 'AlreadyExists', details: { name: 'web' } })
  expect(toStatus(new StatusError(status))).toBe(status)
  expect(toStatus(status)).toBe(status)
  expect(new StatusError(status)).toMatchObject({ code: 409, reason: 'AlreadyExists', message: 'already exists' })
})

test('says nothing of an error that is not a Status', () => {
  const status = toStatus(new Error('ENOENT: /etc/virtdeck/secret.key'))
  expect(status).toMatchObject({ code: 500, reason: 'InternalError' })
  expect(JSON.stringify(status)).not.toContain('secret')
  expect(toStatus('boom')).toMatchObject({ code: 500 })
  expect(toStatus(undefined)).toMatchObject({ code: 500 })
  expect(toStatus(new TypeError('x is not a function'))).toMatchObject({ code: 500 })
})

test.each([
  ['Node', Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) })],
  ['Chromium', new TypeError('Failed to fetch')],
  ['Firefox', new TypeError('NetworkError when attempting to fetch resource.')],
  ['Safari', new TypeError('Load failed')],
  ['a socket', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
])('takes a failed connection for 503, as %s reports it', (_, error) => {
  expect(toStatus(error)).toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
})

test('takes a timeout for 504', () => {
  expect(toStatus(new DOMException('The operation timed out.', 'TimeoutError'))).toMatchObject({ code: 504, reason: 'Timeout' })
})

test('reads a Status body, and takes the HTTP code where the body has none', () => {
  const body = failure(422, 'invalid', { details: { causes: [{ field: 'spec.running', message: 'no' }] } })
  expect(statusOfResponse(422, JSON.stringify(body))).toEqual(body)
  expect(statusOfResponse(400, JSON.stringify({ ...body, code: undefined }))).toMatchObject({ code: 400 })
})

test('blames nobody who reads it for an API server that has too much to do', () => {
  const status = statusOfResponse(429, 'Too many requests, please try again later.\n')
  expect(status).toMatchObject({ code: 429, reason: 'TooManyRequests' })
  expect(status.message).toBe('The Kubernetes API server has too much to do just now. Try again in a moment.')
  // One that says more, as an eviction that a budget does not allow, is taken at its word.
  expect(statusOfResponse(429, JSON.stringify(failure(429, 'Cannot evict pod'))).message).toBe('Cannot evict pod')
})

test('passes on the first line of plain text, except of a 5xx', () => {
  expect(statusOfResponse(406, '406: Not Acceptable\n\nAvailable representations: ')).toMatchObject({
    code: 406,
    message: '406: Not Acceptable',
    reason: 'NotAcceptable',
  })
  expect(statusOfResponse(404, '404 page not found\n').message).toBe('404 page not found')
  const inner = statusOfResponse(503, 'error trying to reach service: dial tcp 10.96.3.4:443: connect: connection refused')
  expect(inner).toMatchObject({ code: 503, reason: 'ServiceUnavailable' })
  expect(inner.message).not.toContain('10.96')
  expect(statusOfResponse(502, '<html>Bad Gateway</html>')).toMatchObject({ code: 502 })
  expect(statusOfResponse(400, '{"broken"').message).not.toContain('broken')
})

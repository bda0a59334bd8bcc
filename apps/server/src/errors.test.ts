import { expect, test } from 'vitest'
import { StatusError, failure } from '@virtdeck/k8s'
import { tellable } from './errors.ts'
import { refusal } from './refusal.ts'

test('tells of an error that nobody foresaw only where its log entry is [P-18]', () => {
  const error = Object.assign(new Error('ENOENT: /etc/virtdeck/key, token eyJhbGciOi, 10.0.0.7:6443'), { code: 'ENOENT', path: '/etc' })
  for (const thrown of [error, 'secret', { secret: 1 }, null, new RangeError('/srv/secret')]) {
    const status = tellable(thrown, 'id-1')
    expect(status).toEqual(failure(500, 'Something went wrong in virtdeck. Its log has more under the request id id-1.'))
  }
})

test('tells of an unreadable request no more than that [P-18]', () => {
  const parser = Object.assign(new SyntaxError('Unexpected token s in JSON at position 1: secret'), { status: 400, body: 'secret' })
  expect(tellable(parser, 'id')).toEqual(failure(400, 'The request could not be read.'))
  // A 5xx of a library is no sentence for a browser either.
  expect(tellable(Object.assign(new Error('secret'), { status: 502 }), 'id').message).not.toContain('secret')
  expect(tellable(new StatusError(refusal(502, 'Told.').status), 'id').message).toBe('Told.')
})

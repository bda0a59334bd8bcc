import { expect, test } from 'vitest'
import { statusOfText } from './unserved.ts'

const start = '/apis/subresources.kubevirt.io/v1/namespaces/team-a/virtualmachines/web-01/start'

test('says in plain words that KubeVirt’s API is not there, or does not answer [P-18]', () => {
  expect(statusOfText(start, 404, '404 page not found\n')).toMatchObject({
    kind: 'Status',
    code: 404,
    reason: 'NotFound',
    message: 'The cluster does not serve the API subresources.kubevirt.io. Is KubeVirt installed?',
  })
  for (const text of ['service unavailable\n', 'error trying to reach service: dial tcp 10.96.3.4:443: connect: connection refused']) {
    const status = statusOfText(start, 503, text)
    expect(status).toMatchObject({ code: 503, reason: 'ServiceUnavailable', message: expect.stringContaining('does not answer') })
    expect(status.message).not.toContain('10.96')
  }
})

test('leaves every other answer its own words', () => {
  const gone = JSON.stringify({ kind: 'Status', status: 'Failure', code: 404, message: 'virtualmachines "web-01" not found' })
  expect(statusOfText(start, 404, gone).message).toBe('virtualmachines "web-01" not found')
  expect(statusOfText(start, 403, 'request is not authorized').message).toBe('request is not authorized')
  expect(statusOfText('/api/v1/namespaces/team-a/pods', 404, '404 page not found\n').message).toBe('404 page not found')
  expect(statusOfText('/apis/cdi.kubevirt.io/v1beta1/datavolumes?limit=500', 404, '404 page not found\n').message).toBe(
    'The cluster does not serve the API cdi.kubevirt.io. Is CDI (the Containerized Data Importer) installed?',
  )
  expect(statusOfText('/apis/storage.k8s.io/v1/storageclasses', 404, '404 page not found\n').message).toBe(
    'The cluster does not serve the API storage.k8s.io.',
  )
})

import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { ConfigError, readEnv } from './config.ts'

const read = (env: NodeJS.ProcessEnv) => readEnv(env, { webRoot: '/web' }).config
const key = `k1:${randomBytes(32).toString('base64')}`

test('serves a kubeconfig on the loopback interface with nothing else said', () => {
  expect(read({ KUBECONFIG: '/home/ann/.kube/config' })).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    webRoot: '/web',
    kubeconfig: { file: '/home/ann/.kube/config' },
    simulated: false,
  })
  expect(read({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }).kubeconfig).toEqual({ inCluster: true })
})

test('says everything that is wrong at once [A-01]', () => {
  const wrong = {
    VIRTDECK_HOST: '0.0.0.0',
    VIRTDECK_PORT: '99999',
    VIRTDECK_SESSION_KEYS: 'short:AAAA',
    VIRTDECK_LOG_LEVEL: 'loud',
    VIRTDECK_SESSION_MINUTES: '0',
  }
  const complaint = () => read({ ...wrong, VIRTDECK_PUBLIC_ORIGIN: 'http://vms.example.com' })
  expect(complaint).toThrow(ConfigError)
  for (const name of ['PORT', 'SESSION_KEYS', 'LOG_LEVEL', 'SESSION_MINUTES', 'PUBLIC_ORIGIN'])
    expect(complaint).toThrow(`VIRTDECK_${name}`)
})

test('listens beyond the loopback interface only under a public origin [A-01]', () => {
  expect(() => read({ KUBECONFIG: 'x', VIRTDECK_HOST: '0.0.0.0' })).toThrow('VIRTDECK_PUBLIC_ORIGIN')
  expect(read({ KUBECONFIG: 'x', VIRTDECK_HOST: '0.0.0.0', VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com' }).publicOrigin).toBe(
    'https://vms.example.com',
  )
  expect(() => read({ KUBECONFIG: 'x', VIRTDECK_PUBLIC_ORIGIN: 'https://vms.example.com/path' })).toThrow('an origin')
})

test('takes keys of at least 32 bytes, and treats an empty variable as not set [A-24]', () => {
  expect(read({ KUBECONFIG: 'x', VIRTDECK_SESSION_KEYS: `${key},${key}` }).sessionKeys).toHaveLength(2)
  expect(read({ KUBECONFIG: 'x', VIRTDECK_SESSION_KEYS: '' }).sessionKeys).toBeUndefined()
})

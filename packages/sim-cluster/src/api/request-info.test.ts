import { expect, test } from 'vitest'
import { parseRequestInfo } from './request-info.ts'

const resource = (method: string, path: string) => {
  const { path: _path, query: _query, isResourceRequest: _is, ...rest } = parseRequestInfo(method, path)
  return rest
}

test.each([
  ['GET', '/api/v1/pods', { verb: 'list', group: '', version: 'v1', plural: 'pods' }],
  ['GET', '/api/v1/namespaces/a/pods?watch=1', { verb: 'watch', group: '', version: 'v1', namespace: 'a', plural: 'pods' }],
  ['GET', '/api/v1/namespaces/a/pods?watch=false', { verb: 'list', group: '', version: 'v1', namespace: 'a', plural: 'pods' }],
  ['GET', '/api/v1/watch/namespaces/a/pods', { verb: 'watch', group: '', version: 'v1', namespace: 'a', plural: 'pods' }],
  ['GET', '/api/v1/namespaces/a', { verb: 'get', group: '', version: 'v1', namespace: 'a', plural: 'namespaces', name: 'a' }],
  [
    'PUT',
    '/api/v1/namespaces/a/finalize',
    { verb: 'update', group: '', version: 'v1', namespace: 'a', plural: 'namespaces', name: 'a', subresource: 'finalize' },
  ],
  ['DELETE', '/api/v1/namespaces/a/pods', { verb: 'deletecollection', group: '', version: 'v1', namespace: 'a', plural: 'pods' }],
  ['DELETE', '/api/v1/namespaces/a/pods/p', { verb: 'delete', group: '', version: 'v1', namespace: 'a', plural: 'pods', name: 'p' }],
  [
    'PATCH',
    '/apis/kubevirt.io/v1/namespaces/a/virtualmachines/vm/status',
    { verb: 'patch', group: 'kubevirt.io', version: 'v1', namespace: 'a', plural: 'virtualmachines', name: 'vm', subresource: 'status' },
  ],
  [
    'GET',
    '/apis/subresources.kubevirt.io/v1/namespaces/a/virtualmachineinstances/vm/vnc/screenshot',
    {
      verb: 'get',
      group: 'subresources.kubevirt.io',
      version: 'v1',
      namespace: 'a',
      plural: 'virtualmachineinstances',
      name: 'vm',
      subresource: 'vnc/screenshot',
    },
  ],
  [
    'GET',
    '/api/v1/pods?fieldSelector=metadata.name%3Dp,spec.nodeName%3Dn',
    { verb: 'list', group: '', version: 'v1', plural: 'pods', name: 'p' },
  ],
  [
    'GET',
    '/apis/spectrocloud.com/v1/vmtemplates/ubuntu%2022',
    { verb: 'get', group: 'spectrocloud.com', version: 'v1', plural: 'vmtemplates', name: 'ubuntu 22' },
  ],
])('%s %s', (method, path, expected) => {
  expect(resource(method, path)).toEqual(expected)
})

test.each(['/', '/version', '/api', '/apis', '/apis/kubevirt.io', '/apis/kubevirt.io/v1', '/healthz'])('%s is no resource', (path) => {
  expect(parseRequestInfo('GET', path)).toMatchObject({ isResourceRequest: false, path, verb: 'get' })
})

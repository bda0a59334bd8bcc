// Unmodified kubectl reads the OpenAPI documents, where it is installed.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimCluster, type SimCluster } from '../sim-cluster.ts'

const run = promisify(execFile)

describe.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)('kubectl explain', () => {
  let cluster: SimCluster
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kubectl-explain-'))
    cluster = await startSimCluster({ scenario: 'empty' })
    await writeFile(join(directory, 'config'), cluster.kubeconfig(), { mode: 0o600 })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  const explain = async (...args: string[]) =>
    (await run('kubectl', ['--kubeconfig', join(directory, 'config'), '--cache-dir', join(directory, 'cache'), 'explain', ...args])).stdout

  test('describes the domain of a VirtualMachine', async () => {
    const text = await explain('vm.spec.template.spec.domain')
    expect(text).toContain('KIND:       VirtualMachine')
    expect(text).toMatch(/FIELD: domain <Object>/)
    expect(text).toMatch(/devices\t<Object> -required-\n\s+Devices allows adding disks, network interfaces, and others/)
  })

  test('prints the whole tree of a VirtualMachine', async () => {
    const text = await explain('vm', '--recursive')
    expect(text).toMatch(/\n +cores\t<integer>\n/)
    expect(text).toMatch(/bootOrder\t<integer>/)
  })

  test('describes built-in kinds, DataVolumes and templates', async () => {
    expect(await explain('pod.spec.containers.resources')).toContain('limits\t<map[string]Quantity>')
    expect(await explain('dv.spec.source.http')).toContain('url\t<string> -required-')
    expect(await explain('vmtemplate.spec')).toContain('displayName\t<string>')
    expect(await explain('hpa', '--api-version=autoscaling/v1')).toContain('VERSION:    v1')
  })

  test('names the field that there is not', async () => {
    await expect(explain('vm.spec.nothing')).rejects.toThrow('field "nothing" does not exist')
  })
})

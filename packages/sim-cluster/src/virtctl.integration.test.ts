// Unmodified virtctl against the simulated cluster: the binary that VIRTCTL names, or the one in the PATH.
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import type { DataVolume, VirtualMachine, VirtualMachineInstance } from '@virtdeck/k8s'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSimCluster, type SimCluster } from './sim-cluster.ts'

const program = process.env['VIRTCTL'] ?? 'virtctl'
const installed = spawnSync(program, ['version', '--client']).status === 0
if (!installed) console.warn('The tests with virtctl are skipped: there is none in the PATH, and VIRTCTL names none.')
const withTerminal = spawnSync('script', ['--version']).status === 0
const run = promisify(execFile)

const namespace = 'team-a'
const vmManifest = (name: string, runStrategy: string) => ({
  apiVersion: 'kubevirt.io/v1',
  kind: 'VirtualMachine',
  metadata: { name, namespace },
  spec: {
    runStrategy,
    template: {
      spec: {
        domain: {
          memory: { guest: '1Gi' },
          devices: { disks: [{ name: 'root', disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', masquerade: {} }] },
        },
        networks: [{ name: 'default', pod: {} }],
        volumes: [
          { name: 'root', containerDisk: { image: 'quay.io/containerdisks/fedora:41' } },
          { name: 'cloudinit', cloudInitNoCloud: { userData: '#cloud-config\npassword: fedora\n' } },
        ],
      },
    },
  },
})

describe.skipIf(!installed)('virtctl', () => {
  let cluster: SimCluster
  let directory: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'virtctl-'))
    cluster = await startSimCluster({ scenario: 'empty', speed: 20 })
    await writeFile(join(directory, 'config'), cluster.kubeconfig(), { mode: 0o600 })
    for (const [name, strategy] of [
      ['halted', 'Halted'],
      ['running', 'Always'],
      ['moving', 'Always'],
    ] as const) {
      cluster.storage.create('virtualmachines.kubevirt.io', vmManifest(name, strategy) as never)
    }
    await cluster.settle()
    await until(() => vmi('running')?.status?.conditions?.some(({ type }) => type === 'AgentConnected') ?? false)
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  // A kubeconfig in the environment reaches the copy of itself that `virtctl ssh` starts, too.
  const environment = () => ({ ...process.env, KUBECONFIG: join(directory, 'config') })
  const virtctl = async (...args: string[]) => {
    const { stdout, stderr } = await run(program, ['--context', 'admin', '-n', namespace, ...args], { env: environment() })
    return stdout + stderr
  }
  const refusal = async (...args: string[]) => {
    const failed: unknown = await virtctl(...args).catch((error: unknown) => error)
    return (failed as { stderr?: string }).stderr ?? ''
  }
  const start = (...args: string[]): ChildProcess =>
    spawn(program, ['--context', 'admin', '-n', namespace, ...args], { env: environment() })
  const vm = (name: string) => cluster.storage.get('virtualmachines.kubevirt.io', namespace, name) as VirtualMachine | undefined
  const vmi = (name: string) =>
    cluster.storage.get('virtualmachineinstances.kubevirt.io', namespace, name) as VirtualMachineInstance | undefined
  /** Resolves with the change that makes it true. */
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      if (condition()) resolve()
      else {
        const unsubscribe = cluster.storage.subscribe(() => {
          if (!condition()) return
          unsubscribe()
          resolve()
        })
      }
    })
  const status = (name: string, wanted: string) => until(() => vm(name)?.status?.printableStatus === wanted)

  test('starts, pauses, restarts and stops a VM, and passes on what the cluster refuses', async () => {
    expect(await virtctl('start', 'halted')).toContain('VM halted was scheduled to start')
    await status('halted', 'Running')
    const { uid } = vmi('halted')!.metadata
    expect(await virtctl('pause', 'vm', 'halted')).toContain('VMI halted was scheduled to pause')
    await status('halted', 'Paused')
    await virtctl('unpause', 'vm', 'halted')
    await status('halted', 'Running')
    expect(await virtctl('restart', 'halted')).toContain('VM halted was scheduled to restart')
    await until(() => vmi('halted') !== undefined && vmi('halted')?.metadata.uid !== uid && vmi('halted')?.status?.phase === 'Running')
    expect(await virtctl('stop', 'halted')).toContain('VM halted was scheduled to stop')
    await status('halted', 'Stopped')
    expect(await refusal('stop', 'halted')).toContain('VM is not running')
    expect(await refusal('start', 'nobody')).toContain('virtualmachine.kubevirt.io "nobody" not found')
  })

  test('migrates, also as a user who may not', async () => {
    const source = vmi('moving')?.status?.nodeName
    expect(await virtctl('migrate', 'moving')).toContain('VM moving was scheduled to migrate')
    await until(() => vmi('moving')?.status?.migrationState?.completed === true)
    expect(vmi('moving')?.status?.nodeName).not.toBe(source)
    expect(await refusal('--context', 'viewer', 'migrate', 'moving')).toContain('is forbidden')
  })

  test('resets and reboots a guest', async () => {
    expect(await virtctl('reset', 'running')).toContain('VMI running was scheduled to reset')
    expect(await virtctl('soft-reboot', 'running')).toContain('VMI running was scheduled to soft-reboot')
  })

  test('asks the guest agent, and expands a VM', async () => {
    expect(JSON.parse(await virtctl('guestosinfo', 'running'))).toMatchObject({ hostname: 'running', os: { id: 'fedora' } })
    expect(await virtctl('fslist', 'running')).toContain('"mountPoint": "/"')
    expect(await virtctl('userlist', 'running')).toContain('"items"')
    expect(await virtctl('expand', '--vm', 'running')).toContain('kind: VirtualMachine\n')
  })

  test('proxies VNC to a local client', async () => {
    const child = start('vnc', 'running', '--proxy-only')
    try {
      const lines = createInterface(child.stdout!)[Symbol.asyncIterator]()
      const { port } = JSON.parse((await lines.next()).value as string) as { port: number }
      const socket = connect(port, '127.0.0.1')
      expect((await chunk(socket)).toString()).toBe('RFB 003.008\n')
      socket.write('RFB 003.008\n')
      expect([...(await chunk(socket))]).toEqual([1, 1])
      socket.destroy()
    } finally {
      child.kill()
    }
  })

  test.skipIf(!withTerminal)('opens the serial console in a terminal, logs in, and leaves with its escape', async () => {
    const command = [program, '--context', 'admin', '-n', namespace, 'console', 'running'].map((word) => `'${word}'`).join(' ')
    const child = spawn('script', ['-qec', command, '/dev/null'], { env: environment() })
    let output = ''
    const looks = new Set<() => void>()
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      looks.forEach((look) => look())
    })
    const shows = (text: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!output.includes(text)) return
          looks.delete(look)
          output = output.slice(output.indexOf(text) + text.length)
          resolve()
        }
        looks.add(look)
        child.once('close', () => reject(new Error(`virtctl console ended before it showed ${text}: ${output}`)))
        look()
      })
    const ended = new Promise((resolve) => child.once('close', resolve))
    await shows('Successfully connected to running console')
    child.stdin.write('\r')
    await shows('login: ')
    child.stdin.write('fedora\r')
    await shows('Password: ')
    child.stdin.write('fedora\r')
    await shows('fedora@running')
    child.stdin.write('uname -r\r')
    await shows('\n6.11.4-301.fc41.x86_64')
    expect(await virtctl('userlist', 'running')).toContain('"userName": "fedora"')
    child.stdin.write('\x1d')
    await ended
  })

  test('uploads an image, plugs it in and out of a running VM, and keeps it in a stopped one', async () => {
    const image = join(directory, 'disk.img')
    await writeFile(image, Buffer.alloc(1 << 20, 7))
    const said = await virtctl('image-upload', 'dv', 'uploaded', '--size', '1Gi', '--image-path', image, '--insecure')
    expect(said).toContain('Processing completed successfully')
    expect((cluster.storage.get('datavolumes.cdi.kubevirt.io', namespace, 'uploaded') as DataVolume).status?.phase).toBe('Succeeded')
    const plugged = () => vmi('running')?.status?.volumeStatus?.find(({ name }) => name === 'uploaded')
    expect(await virtctl('addvolume', 'running', '--volume-name=uploaded')).toContain('Successfully submitted add volume request')
    await until(() => plugged()?.phase === 'Ready')
    expect(await refusal('addvolume', 'running', '--volume-name=uploaded')).toContain('because volume with that name already exists')
    expect(await virtctl('removevolume', 'running', '--volume-name=uploaded')).toContain('Successfully submitted remove volume request')
    await until(() => plugged() === undefined)
    await virtctl('addvolume', 'halted', '--volume-name=uploaded', '--persist')
    expect(vm('halted')?.spec.template.spec?.volumes?.map(({ name }) => name)).toContain('uploaded')
    expect(await refusal('removevolume', 'running', '--volume-name=uploaded')).toContain('because it does not exist')
  })

  test('dumps memory into a claim that it makes, and exports a claim', async () => {
    expect(await virtctl('memory-dump', 'get', 'running', '--claim-name=dump', '--create-claim')).toContain(
      'Successfully submitted memory dump request',
    )
    expect(await virtctl('vmexport', 'create', 'out', '--pvc=uploaded')).toContain("VirtualMachineExport 'team-a/out' created")
  })

  test("forwards a port to the guest's web server", async () => {
    const child = start('port-forward', '--stdio', 'vmi/running', '80')
    try {
      child.stdin?.write('GET / HTTP/1.1\r\nHost: running\r\n\r\n')
      const [answer] = (await once(child.stdout!, 'data')) as [Buffer]
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\nServer: nginx/)
    } finally {
      child.kill()
    }
    expect(await refusal('port-forward', '--stdio', 'vmi/halted', '80')).toMatch(/not found|not running/)
  })

  test('makes a manifest that the cluster takes, and a Service for a VMI', async () => {
    const manifest = await virtctl('create', 'vm', '--name', 'made', '--memory', '512Mi', '--run-strategy', 'Halted')
    expect(manifest).toContain('name: made')
    expect(await virtctl('expose', 'vmi', 'running', '--name=ssh', '--port=22')).toContain('Service ssh successfully created')
    expect(cluster.storage.get('services', namespace, 'ssh')).toBeDefined()
  })

  test('tells its own version and that of the cluster', async () => {
    expect(await virtctl('version')).toMatch(/Server Version: .*GitVersion:"v1\.6/)
  })
})

const chunk = (socket: Socket) =>
  new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve)
    socket.once('error', reject)
  })

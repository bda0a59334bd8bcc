// Credentials from an exec plugin of the kubeconfig. It is a program of whoever runs the server: it gets no shell, not the
// server's environment, a minute, and nobody but the log hears what it says.
// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
import { spawn } from 'node:child_process'
import { dirname, isAbsolute, join } from 'node:path'
import { z } from 'zod'

const execConfig = z.object({
  apiVersion: z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']),
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).nullish(),
  provideClusterInfo: z.boolean().nullish(),
})

export type ExecCluster = { server: string; 'certificate-authority-data'?: string; 'insecure-skip-tls-verify'?: boolean }

/** What a plugin gives: a token, a client certificate, or both. */
export type ExecCredential = { token?: string; cert?: string; key?: string }

export type ExecOptions = {
  /** The kubeconfig file, from whose directory a command with a slash in it is meant. */
  file: string
  cluster: ExecCluster
  /** The server's own, of which a plugin is told a part. */
  environment?: NodeJS.ProcessEnv
  timeoutMs?: number
  now?: () => number
}

const maxStdoutBytes = 256 * 1024
const maxStderrBytes = 4 * 1024
const renewBeforeMs = 60_000
/** Of a credential that does not say when it ends. */
const keepMs = 10 * 60_000

/** What a plugin may know of the server's environment, beside what the kubeconfig itself gives it. */
const allowed =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|TMP|TEMP|XDG_\w+|SSL_CERT_FILE|SSL_CERT_DIR|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|(AWS|AZURE|GOOGLE|CLOUDSDK)_\w+|SystemRoot|USERPROFILE|APPDATA|LOCALAPPDATA)$/

const answer = z.object({
  kind: z.literal('ExecCredential'),
  status: z.object({
    token: z.string().nullish(),
    clientCertificateData: z.string().nullish(),
    clientKeyData: z.string().nullish(),
    expirationTimestamp: z.iso.datetime({ offset: true }).nullish(),
  }),
})

/** Throws an Error that says what of a plugin's entry in the kubeconfig cannot be used. */
export function readExecConfig(exec: unknown): z.infer<typeof execConfig> {
  const parsed = execConfig.safeParse(exec)
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  if (parsed.data.interactiveMode === 'Always') throw new Error('interactiveMode: it wants to ask questions, and a server cannot answer')
  return parsed.data
}

/** Runs the plugin when its last answer is about to expire; who asks meanwhile waits for the same run. Rejects with what the log should have. */
export function createExecCredential(exec: z.infer<typeof execConfig>, options: ExecOptions): () => Promise<ExecCredential> {
  const { now = Date.now } = options
  let running: Promise<ExecCredential> | undefined
  let last: { until: number; credential: ExecCredential } | undefined
  const ask = async (): Promise<ExecCredential> => {
    const { status } = parseAnswer(await run(exec, options))
    if (!status.token && !(status.clientCertificateData && status.clientKeyData)) throw new Error(`${exec.command} gave no credential`)
    const until = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) - renewBeforeMs : now() + keepMs
    const credential = {
      ...(status.token ? { token: status.token } : {}),
      ...(status.clientCertificateData && status.clientKeyData ? { cert: status.clientCertificateData, key: status.clientKeyData } : {}),
    }
    last = { until, credential }
    return credential
  }
  return async () => {
    if (last && now() < last.until) return last.credential
    running ??= ask().finally(() => (running = undefined))
    return running
  }
}

function parseAnswer(stdout: string) {
  let value: unknown
  try {
    value = JSON.parse(stdout)
  } catch {
    throw new Error('the plugin answered something that is not JSON')
  }
  const parsed = answer.safeParse(value)
  if (!parsed.success) throw new Error('the plugin answered something that is no ExecCredential')
  return parsed.data
}

function run(
  exec: z.infer<typeof execConfig>,
  { file, cluster, environment = process.env, timeoutMs = 60_000 }: ExecOptions,
): Promise<string> {
  const info = {
    kind: 'ExecCredential',
    apiVersion: exec.apiVersion,
    spec: { interactive: false, ...(exec.provideClusterInfo ? { cluster } : {}) },
  }
  const given = Object.fromEntries(Object.entries(environment).filter(([name]) => allowed.test(name)))
  const own = Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value]))
  const command = /[/\\]/.test(exec.command) && !isAbsolute(exec.command) ? join(dirname(file), exec.command) : exec.command

  return new Promise((resolve, reject) => {
    // A process group of its own, so that what the plugin started ends with it.
    const child = spawn(command, exec.args ?? [], {
      shell: false,
      detached: process.platform !== 'win32',
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...given, ...own, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    })
    const stdout: Buffer[] = []
    let stdoutBytes = 0
    let stderr = ''
    const stop = (why: string) => {
      clearTimeout(timer)
      reject(new Error(`${exec.command} ${why}`))
      try {
        if (child.pid !== undefined && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL')
        else child.kill('SIGKILL')
      } catch {
        // It has just ended by itself.
      }
    }
    const timer = setTimeout(() => stop(`did not end within ${timeoutMs / 1000} s`), timeoutMs)
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length
      if (stdoutBytes > maxStdoutBytes) stop(`wrote more than ${maxStdoutBytes / 1024} KiB`)
      else stdout.push(chunk)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(0, maxStderrBytes)))
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) resolve(Buffer.concat(stdout).toString('utf8'))
      else reject(new Error(`${exec.command} ended with ${code ?? signal}: ${stderr.trim()}`))
    })
  })
}

// Preloaded into a stack's processes (NODE_OPTIONS=--require): writes down to whom they connect, a line each, into EGRESS_LOG.
const { appendFileSync } = require('node:fs')
const { Socket } = require('node:net')

const connect = Socket.prototype.connect
Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args
  // Files of the same machine (unix sockets) lead nowhere else.
  if (typeof options === 'object' && options !== null && !options.path)
    appendFileSync(process.env.EGRESS_LOG, `${process.pid} ${options.host ?? 'localhost'}:${options.port}\n`)
  return connect.apply(this, args)
}

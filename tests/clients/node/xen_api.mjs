// A day with Xen Orchestra's client, the package xen-api: node xen_api.mjs SOCKET TRANSPORT
//
// It reads all objects and follows the events, makes a bond by a task, takes it apart, and prints what it saw
// as one JSON object.  The client speaks HTTP over TCP alone, so a port on loopback is passed on to the socket.

import net from 'node:net'
import { createClient } from 'xen-api'

const [socket, transport] = process.argv.slice(2)

async function portBefore(path) {
  const server = net.createServer(near => {
    const far = net.connect(path)
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

const server = await portBefore(socket)
const xapi = createClient({
  url: `http://127.0.0.1:${server.address().port}`,
  auth: { user: 'root', password: '' },
  transport,
  debounce: 10,
})
await xapi.connect()
await xapi.objectsFetched

const pifs = Object.values(xapi.objects.all).filter(object => object.$type === 'PIF' && object.physical)
const members = pifs.filter(pif => ['eth1', 'eth2'].includes(pif.device)).map(pif => pif.$ref)
const network = await xapi.call('network.create', {
  name_label: 'bonded', name_description: '', MTU: 1500, other_config: {}, tags: [],
})
const bond = await xapi.callAsync('Bond.create', network, members, '', 'active-backup', {})
await xapi.barrier(bond)
const seen = xapi.getObjectByRef(bond)
const made = { master: seen.$master.device, slaves: seen.$slaves.map(pif => pif.device).sort() }
const refused = await xapi.call('PIF.plug', members[0]).catch(error => [error.code, ...error.params])

await xapi.setFieldEntry('network', network, 'other_config', 'note', 'from node')
await xapi.barrier(network)
const note = xapi.getObjectByRef(network).other_config.note

await xapi.callAsync('Bond.destroy', bond)
await xapi.barrier()
console.log(JSON.stringify({
  devices: pifs.map(pif => pif.device).sort(),
  ...made,
  refused: [refused[0], refused[1] === members[0]],
  note,
  bonds: Object.values(xapi.objects.all).filter(object => object.$type === 'Bond').length,
}))
await xapi.disconnect()
server.close()
process.exit(0)

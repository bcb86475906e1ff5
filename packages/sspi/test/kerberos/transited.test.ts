import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { decodeUtf8, encodeUtf8, fromHex } from '../../src/bytes/index.js'
import { decodeDer, readEncTicketPart } from '../../src/kerberos/messages/index.js'
import { hierarchicalPath } from '../../src/kerberos/realm-hierarchy.js'
import { addTransitedRealm, forbiddenTransit, NO_TRANSITED, readTransitedRealms } from '../../src/kerberos/transited.js'
import { readVectors } from '../vectors.js'

const BETWEEN = { client: 'A.B.C', server: 'X.Y.C' }

function realmsOf(text: string, between = BETWEEN): readonly string[] {
  return readTransitedRealms({ trType: 1, contents: encodeUtf8(text) }, between)
}

suite('the encoding of transited realms (RFC 4120 section 3.3.3.2)', () => {
  test('is read as the examples of the RFC say', () => {
    assert.deepEqual(realmsOf('EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.'), [
      'EDU',
      'MIT.EDU',
      'ATHENA.MIT.EDU',
      'WASHINGTON.EDU',
      'CS.WASHINGTON.EDU',
    ])
    assert.deepEqual(realmsOf('/COM,/HP,/APOLLO, /COM/DEC'), ['/COM', '/COM/HP', '/COM/HP/APOLLO', '/COM/DEC'])
    const between = { client: 'ATHENA.MIT.EDU', server: 'CS.WASHINGTON.EDU' }
    assert.deepEqual(realmsOf(',EDU,', between), ['MIT.EDU', 'EDU', 'WASHINGTON.EDU'])
  })

  test('has what is special escaped', () => {
    assert.deepEqual(realmsOf('A\\,B,C\\\\D,E\\.'), ['A,B', 'C\\D', 'E.'])
  })

  test('is of nothing where nothing was passed', () => {
    assert.deepEqual(readTransitedRealms(NO_TRANSITED, BETWEEN), [])
    assert.deepEqual(readTransitedRealms({ trType: 0, contents: new Uint8Array(0) }, BETWEEN), [])
  })

  test('takes one more realm whatever its name', () => {
    const realm = fc.string({ minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.array(realm, { minLength: 1, maxLength: 10 }), (realms) => {
        const encoding = realms.reduce(addTransitedRealm, NO_TRANSITED)
        assert.deepEqual(readTransitedRealms(encoding, BETWEEN), realms, decodeUtf8(encoding.contents, 'contents'))
      }),
    )
  })

  test('goes on behind what another KDC has cut short', () => {
    const encoding = addTransitedRealm({ trType: 1, contents: encodeUtf8('EDU,MIT.') }, 'X.Y')
    assert.equal(decodeUtf8(encoding.contents, 'contents'), 'EDU,MIT.,X.Y')
  })

  test("is read from MIT's reference encoding of a ticket", () => {
    const { cases } = readVectors<unknown, { der: string }>('asn1/kerberos-der.json')
    const { expected } = cases.find(({ name }) => name === 'reference:enc_tkt_part')!
    const { transited } = decodeDer(fromHex(expected.der), readEncTicketPart)
    assert.deepEqual(readTransitedRealms(transited, BETWEEN).slice(-2), ['WASHINGTON.EDU', 'CS.WASHINGTON.EDU'])
  })

  test('has realms of X.500 in all that lie between, and both hierarchies in one', () => {
    const between = { client: 'ATHENA.MIT.EDU', server: '/COM/HP/APOLLO' }
    assert.deepEqual(realmsOf(',EDU, /COM,', between), ['MIT.EDU', 'EDU', '/COM', '/COM/HP'])
    assert.deepEqual(realmsOf(',', { client: 'A.B.C', server: 'C' }), ['B.C'])
  })

  test('goes on behind an empty name with the one before it', () => {
    assert.deepEqual(realmsOf('EDU,,MIT.', { client: 'EDU', server: 'A.MIT.EDU' }), ['EDU', 'MIT.EDU'])
  })

  test('may end with the zero that old KDCs count', () => {
    assert.deepEqual(realmsOf('EDU,MIT.\0'), ['EDU', 'MIT.EDU'])
  })

  test('is refused where nobody can tell what it stands for', () => {
    const refused = (text: string, between = BETWEEN) => {
      assert.throws(() => realmsOf(text, between), { code: 'SEC_E_INVALID_TOKEN' })
    }
    refused(',', { client: 'A.ORG', server: 'B.COM' })
    refused('X'.repeat(4097))
    refused('A,'.repeat(65))
    // Each name is put before the last: what is short grows.
    refused(`${'A'.repeat(2000)},B.,C.`)
    assert.throws(() => readTransitedRealms({ trType: 1, contents: Uint8Array.of(0xff, 1) }, BETWEEN), {
      code: 'SEC_E_INVALID_TOKEN',
    })
    assert.throws(() => readTransitedRealms({ trType: 2, contents: Uint8Array.of(65) }, BETWEEN), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })

  test('of any bytes leads to realms or to a refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (contents) => {
        try {
          assert.ok(Array.isArray(readTransitedRealms({ trType: 1, contents }, BETWEEN)))
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'SEC_E_INVALID_TOKEN')
        }
      }),
    )
  })
})

suite('the path between two realms by their names', () => {
  test('goes by the names up and down, without them', () => {
    assert.deepEqual(hierarchicalPath('A.B.C', 'X.Y.C'), ['B.C', 'C', 'Y.C'])
    assert.deepEqual(hierarchicalPath('B.C', 'A.B.C'), [])
    assert.deepEqual(hierarchicalPath('C', 'A.B.C'), ['B.C'])
    assert.deepEqual(hierarchicalPath('A', 'B'), [])
    assert.deepEqual(hierarchicalPath('A.B', 'A.B'), [])
  })

  test('of names with more labels than anybody has is none', () => {
    assert.deepEqual(hierarchicalPath(`${'A.'.repeat(1000)}Z`, 'Z'), [])
  })

  test('goes by X.500 as well', () => {
    assert.deepEqual(hierarchicalPath('/COM/HP/APOLLO', '/COM/DEC'), ['/COM/HP', '/COM'])
    assert.deepEqual(hierarchicalPath('/COM', 'COM'), [])
  })
})

test('realms on the way are those of capaths, else of the hierarchy, and both ends', () => {
  const way = { client: 'A.B.C', server: 'X.C' }
  assert.equal(forbiddenTransit(['B.C', 'C', 'A.B.C', 'X.C'], way, new Map()), undefined)
  assert.equal(forbiddenTransit(['B.C', 'EVIL'], way, new Map()), 'EVIL')
  const capaths = new Map([['A.B.C', new Map([['X.C', ['FRIEND']]])]])
  assert.equal(forbiddenTransit(['FRIEND'], way, capaths), undefined)
  assert.equal(forbiddenTransit(['B.C'], way, capaths), 'B.C')
  const direct = new Map([['A.B.C', new Map([['X.C', ['.']]])]])
  assert.equal(forbiddenTransit(['C'], way, direct), 'C')
})

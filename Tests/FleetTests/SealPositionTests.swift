import Testing

@testable import Fleet

@Suite("The positions of a fleet's loader")
struct SealPositionTests {
    @Test("a position is unchanged after it is written and read again")
    func text() throws {
        let positions = try #require([String: SealPosition](positions: "acme/12/3,globex/4/0"))
        #expect(positions == ["acme": .init(generation: 12, segments: 3), "globex": .init(generation: 4, segments: 0)])
        #expect(positions.text == "acme/12/3,globex/4/0")
    }

    @Test(
        "a text that is not a position is refused",
        arguments: [
            "", "acme", "acme/12", "acme/12/3/4", "/12/3", "acme/0/1", "acme/12/-1", "acme/x/1", "acme/12/3,",
            "acme/12/3,acme/13/1", "acme/99999999999999999999/1", "acme/18446744073709551615/1",
        ])
    func refused(_ text: String) { #expect([String: SealPosition](positions: text) == nil) }

    @Test("positions are ordered by seal, and within a seal by segment")
    func order() {
        let position = SealPosition(generation: 12, segments: 3)
        #expect(position.covers(position))
        #expect(position.covers(.init(generation: 11, segments: 9)))
        #expect(!position.covers(.init(generation: 12, segments: 4)))
        #expect(!position.covers(.init(generation: 13, segments: 0)))
    }
}

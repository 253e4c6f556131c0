import Foundation
import Testing

@testable import OCSF

@Suite("Event types without a row in the catalogue") struct RelativesTests {
    @Test("if the row of an event type is left out, similar types give the same class in at least 85 % of cases")
    func leaveOneOut() throws {
        let catalog = try builtInCatalog.get()
        let types = try cataloguedTypes()
        var classes = 0
        var activities = 0
        for (index, type) in types.enumerated() {
            try withText(type) { text in
                let row = try #require(catalog.row(of: text))
                guard let vote = catalog.relatives.vote(on: text, excluding: index) else { return }
                if vote.mapping.kind == row.kind { classes += 1 }
                // The activities that belong to the last words of event types are learned from all rows, including the one that is left
                // out here. So the count of equal activities is slightly too high.
                if vote.mapping.kind == row.kind, catalog.mapping(by: vote, text).activity == row.activity {
                    activities += 1
                }
            }
        }
        let share = Double(classes) / Double(types.count)
        print(
            "without their rows, \(classes) of \(types.count) types get the same class (\((share * 1_000).rounded() / 10) %), \(activities) also the same activity"
        )
        #expect(share >= 0.85)
    }

    @Test(
        "the most similar types decide the class; similarity is the number of equal words at the beginning and at the end"
    )
    func words() throws {
        let catalog = try EventCatalog(texts: [
            ("t", "a.b.create\t3004\t1\na.b.delete\t3002\t2\na.c\t3002\t1\na.c.d\t3002\t1\nx.create\t3004\t1\n")
        ])
        func vote(_ type: String) throws -> EventRelatives.Vote? {
            try withText(type) { catalog.relatives.vote(on: $0) }
        }
        let close = try #require(try vote("a.q.create"))
        #expect(close.words == 2)
        #expect(close.relatives == 1)
        #expect(close.mapping.kind == .entity)
        let prefix = try #require(try vote("a.c.e"))
        #expect(prefix.words == 2)
        #expect(prefix.relatives == 2)
        #expect(prefix.mapping.activity == 1)
        // Only whole words are compared: “ab” is not equal to “a”, and “recreate” is not equal to “create”.
        #expect(try vote("ab.recreate") == nil)
        #expect(try vote("") == nil)
        let tie = try #require(try vote("a.b"))
        #expect(tie.relatives == 2)
        #expect(tie.agreeing == 1)
        #expect(tie.mapping.kind == .entity)
    }

    @Test(
        "without a usable target, at most 70 types become a Base Event, and each record has the actor and the client's address"
    )
    func nearestClass() throws {
        let normalizer = try makeNormalizer(NormalizerSettings(rawData: false))
        for target in [
            "null", "[\(people.target("x1", "Palm", "Palm"))]",
            "[\(people.two),\(people.target("g", "UserGroup", "G"))]",
        ] {
            var sink = Collected()
            var withoutAddress: [String] = []
            for type in try cataloguedTypes() {
                Array(oktaEvent(type, target: target).utf8).withUnsafeBytes {
                    normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
                }
                let record = try JSON(try #require(sink.records.last?.text))
                let isThere = record.objects("observables").contains {
                    $0.number("type_id") == 2 && $0.text("value") == "203.0.113.9"
                }
                if !isThere || record.text("actor.user.uid") != "00uada0001" { withoutAddress.append(type) }
            }
            let base = sink.records.count { $0.head.kind == .base }
            print("target \(target): \(base) Base Events of \(sink.records.count)")
            #expect(base <= 70)
            #expect(withoutAddress.isEmpty, "\(withoutAddress.prefix(5))")
        }
    }
}

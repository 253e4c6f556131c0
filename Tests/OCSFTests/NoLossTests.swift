import Foundation
import Testing

@testable import OCSF

@Suite("nothing is lost") struct NoLossTests {
    /// Unusual events: some from public logs of real orgs, some made up.
    static let oddShapes: [String] = [
        "{}", "{\"eventType\":17}", "{\"eventType\":\"Unknown\"}",
        "{\"eventType\":\"user.session.start\",\"actor\":null}",
        "{\"eventType\":\"user.session.start\",\"actor\":\"ada\",\"client\":[1],\"outcome\":7,\"target\":{\"id\":1}}",
        "{\"eventType\":\"user.session.start\",\"actor\":{\"id\":\"unknown\",\"alternateId\":\"unknown\",\"type\":\"User\"}}",
        "{\"eventType\":\"user.session.start\",\"actor\":{\"id\":\"x\",\"type\":\"Unk\\u006eown\"},\"outcome\":{\"result\":\"F\\u0041ILURE\"}}",
        "{\"eventType\":\"user.sessio\\u006e.start\",\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"user.session.start\",\"actor\":{\"id\":7,\"alternateId\":[\"a\"],\"displayName\":\"None\"},\"version\":0}",
        "{\"eventType\":\"a.b\",\"client\":{\"ipAddress\":\"fe80::1%eth0\",\"zone\":\"null\",\"device\":\"\"},\"severity\":\"ODD\"}",
        "{\"eventType\":\"user.session.start\",\"client\":{\"ipAddress\":\"1.2.3.4\",\"geographicalContext\":{\"geolocation\":{\"lat\":91,\"lon\":1e3},\"country\":\"Atlantis\",\"postalCode\":8001}},\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"application.integration.rate_limit_exceeded\",\"client\":{\"ipAddress\":\"203.0.113.9\",\"zone\":\"HQ\"},\"securityContext\":{\"domain\":\"example.net\"}}",
        "{\"eventType\":\"user.session.start\",\"debugContext\":[{\"debugData\":{\"url\":\"/x\"}}],\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"user.session.start\",\"debugContext\":\"null\",\"securityContext\":\"null\",\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"user.session.start\",\"debugContext\":{\"debugData\":{\"url\":\"https://x/y\",\"requestUri\":\"/y\",\"o\":{\"id\":[1,null,{\"a\":null}]}}},\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"user.session.start\",\"request\":{\"ipChain\":{\"ip\":[\"1.2.3.4\"]}},\"target\":null,\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"user.session.start\",\"request\":{\"ipChain\":[{\"ip\":[\"1.2.3.4\"]},null,[]]},\"target\":[],\"actor\":{\"id\":\"x\"}}",
        "{\"eventType\":\"system.email.delivery\",\"target\":[{\"type\":\"User\",\"id\":\"u\",\"alternateId\":\"no address\"}]}",
        "{\"eventType\":\"system.email.delivery\",\"target\":[{\"type\":\"User\",\"id\":\"u\",\"alternateId\":\"a@b.example\"}]}",
        "{\"eventType\":\"group.user_membership.add\",\"target\":[{\"type\":\"UserGroup\",\"id\":\"g\"},{\"type\":\"User\",\"id\":\"u\"}]}",
        "{\"eventType\":\"event_hook.delivery\",\"actor\":{\"id\":\"x\"},\"client\":{\"ipAddress\":\"2001:db8::1\"}}",
        "{\"eventType\":\"analytics.reports.export.download\",\"securityContext\":{\"asNumber\":4200000000,\"asOrg\":\"\"}}",
        "{\"eventType\":\"policy.evaluate_sign_on\",\"actor\":{\"id\":\"x\"},\"target\":[{\"type\":\"PolicyEntity\",\"id\":\"p\"},{\"type\":\"PolicyRule\",\"displayName\":\"r\"}],\"outcome\":{\"result\":\"CHALLENGE\"}}",
        "{\"device\":{\"id\":\"d\",\"os_platform\":\"IOS\",\"os_version\":\"17\",\"managed\":false,\"jailbreak\":null}}",
        "{\"device\":{\"name\":\"d\",\"platform\":\"MACOS\",\"osVersion\":\"14\",\"managed\":\"true\"}}",
        "{\"a\\u0062c\":1,\"é\":\"\\u00e9\",\"\":{\"\":\"\"}}",
    ]

    /// The paths in an event whose values the mapping copies unchanged, each with the paths in a record where the value may be.
    static let ways: [String: [String]] = [
        ".uuid": [".metadata.uid"], ".published": [".metadata.original_time"], ".eventType": [".metadata.event_code"],
        ".version": [".metadata.log_version"], ".severity": [".metadata.log_level"],
        ".displayMessage": [".message", ".finding_info.title"],
        ".transaction.id": [".metadata.correlation_uid"], ".outcome.result": [".status_code"],
        ".outcome.reason": [".status_detail", ".finding_info.desc"],
        ".actor.id": [".actor.user.uid", ".actor.app_uid", ".device.uid"],
        ".actor.alternateId": [".actor.user.name", ".actor.app_name", ".device.name"],
        ".actor.displayName": [".actor.user.full_name", ".actor.app_name", ".device.name"],
        ".actor.type": [".actor.user.type"],
        ".client.id": [".actor.app_uid"], ".client.ipAddress": [".src_endpoint.ip", ".device.ip", ".resources.0.ip"],
        ".authenticationContext.externalSessionId": [".actor.session.uid"],
        ".authenticationContext.rootSessionId": [".actor.session.uid_alt"],
        ".authenticationContext.issuer.id": [".actor.session.issuer"], ".device.id": [".device.uid"],
        ".device.name": [".device.name"],
        ".device.managed": [".device.is_managed"], ".debugContext.debugData.requestId": [".http_request.uid"],
    ]

    /// How many values of the events were found in each part of the records.
    struct Count {
        var seen = 0
        /// Values in `unmapped`, under the path that they have in the event.
        var unmapped = 0
        /// Values at one of the paths that `ways` lists for them.
        var byPath = 0
        /// Values whose path is not a key of `ways`, found unchanged somewhere in the record outside of `unmapped`.
        var mapped = 0
        /// Values in another form, such as a country's code or the parts of a URL.
        var derived = 0
        var lost: [String] = []

        mutating func add(_ event: JSON, _ record: JSON) {
            let kept = record.leaves
            var texts: Set<String> = []
            var mappedPaths: [String: String] = [:]
            for (path, value) in kept
            where !path.hasPrefix(".unmapped.") && !path.hasPrefix(".observables.") && !path.hasPrefix(".raw_data") {
                texts.insert(value)
                mappedPaths[path] = value
            }
            for (path, value) in event.leaves {
                seen += 1
                if kept[".unmapped" + path] == value {
                    unmapped += 1
                } else if let ways = NoLossTests.ways[path] {
                    // A Detection Finding has some of these attributes in `evidences`, not at the top level.
                    let found = ways.contains { way in
                        mappedPaths[way] == value || mappedPaths[".evidences.0" + way] == value
                    }
                    if found { byPath += 1 } else { lost.append("\(path) = \(value), not at \(ways)") }
                } else if texts.contains(value) {
                    mapped += 1
                } else if isDerived(path, value, mappedPaths) {
                    derived += 1
                } else {
                    lost.append("\(path) = \(value)")
                }
            }
        }

        private func isDerived(_ path: String, _ value: String, _ record: [String: String]) -> Bool {
            switch path {
            case ".client.geographicalContext.country": record.contains { $0.key.hasSuffix(".location.country") }
            case ".debugContext.debugData.url": NoLossTests.isSplit(value, record)
            default: false
            }
        }

        var summary: String {
            "\(seen) values seen: \(byPath) in their own attribute, \(mapped) elsewhere in the record, \(unmapped) in unmapped under their own path, \(derived) derived, \(lost.count) lost"
        }
    }

    /// Whether the path and the query of the URL are in the record.
    static func isSplit(_ url: String, _ record: [String: String]) -> Bool {
        for prefix in [".http_request.url", ".evidences.0.http_request.url"] {
            guard let path = record[prefix + ".path"] else { continue }
            if url == path + (record[prefix + ".query_string"].map { "?" + $0 } ?? "") { return true }
            if url == path + "?" { return true }
        }
        return false
    }

    static let settings = SchemaVersion.allCases.flatMap { version in
        [
            NormalizerSettings(rawData: false, schemaVersion: version),
            NormalizerSettings(rawData: false, observables: false, datetime: true, schemaVersion: version),
        ]
    }

    @Test("each value of an unusual event is in its record, outside of raw_data", arguments: oddShapes)
    func leaves(event: String) throws {
        for settings in Self.settings {
            let record = try record(event, settings)
            var count = Count()
            count.add(try JSON(event), record)
            #expect(count.lost.isEmpty)
            #expect(!record.leaves.isEmpty)
            #expect(!NoLossTests.holdsEmptyMember(record.value), "\(record.value)")
        }
    }

    @Test(
        "each value of an event of each catalogued type, and of each recorded event, is in its record",
        arguments: settings)
    func everyType(settings: NormalizerSettings) throws {
        var random = SeededGenerator(seed: 11)
        let synthetic = try cataloguedTypes().map { try SyntheticEvent.make(type: $0, &random) }
        for (name, events) in [("synthetic", synthetic), ("recorded", try ValidatorTests.sampleEvents())]
        where !events.isEmpty {
            let normalizer = try makeNormalizer(settings)
            var sink = Collected()
            var count = Count()
            for event in events {
                sink.records.removeAll(keepingCapacity: true)
                Array(event.utf8).withUnsafeBytes {
                    normalizer.normalizeEvent($0, source: acme, offset: 0, collectedAt: collectedAt, into: &sink)
                }
                count.add(try JSON(event), try JSON(try #require(sink.records.first?.text)))
            }
            print("no loss, OCSF \(settings.schemaVersion.rawValue), \(events.count) \(name) events: \(count.summary)")
            #expect(count.lost.isEmpty, "\(count.lost.prefix(10))")
        }
    }

    /// Whether a member is null or an empty container. Objects in lists are not checked. A record must not have such a member.
    static func holdsEmptyMember(_ value: Any) -> Bool {
        if let object = value as? [String: Any] {
            return object.values.contains { child in
                child is NSNull || (child as? [String: Any])?.isEmpty ?? false || (child as? [Any])?.isEmpty ?? false
                    || holdsEmptyMember(child)
            }
        }
        return false
    }
}

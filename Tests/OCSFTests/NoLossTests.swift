import Foundation
import Testing

@testable import OCSF

@Suite("nothing is lost") struct NoLossTests {
    /// Shapes that public events of real orgs show, and some that none shows yet.
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

    @Test("each value of an event stands in its record, raw_data aside", arguments: oddShapes)
    func leaves(event: String) throws {
        for settings in [
            NormalizerSettings(rawData: false), NormalizerSettings(rawData: false, observables: false, datetime: true),
        ] {
            let record = try record(event, settings)
            let unmapped = try JSON(event).leaves
            let kept = record.leaves
            let values = Set(kept.filter { !$0.key.hasPrefix(".observables") }.values)
            for (path, value) in unmapped {
                let isDerived = path.hasSuffix(".country") || path.hasSuffix(".url")
                #expect(kept[".unmapped" + path] == value || values.contains(value) || isDerived, "\(path) = \(value)")
            }
            #expect(!kept.isEmpty)
            #expect(!NoLossTests.holdsEmptyMember(record.value), "\(record.value)")
        }
    }

    /// An object member that is null or an empty container: records have none.
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

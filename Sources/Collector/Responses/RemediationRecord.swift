import FoundationEssentials
import OCSF
import ResponseLog
import Time

/// A response action as an OCSF record: Remediation Activity (7001), with the same attributes in every schema version.
///
/// The class has no attribute for the affected user, so the record names that user in `api.request.data`, which contains the request to Okta.
/// `metadata.correlation_uid` is Okta's request id, as in the record of Okta's own event about the action.
struct RemediationRecord {
    /// The name of the class in the paths of partitions.
    static let className = "remediation_activity"
    private static let classUID = 7001

    private let entry: ResponseEntry
    private let result: ResponseResult
    private let settings: NormalizerSettings

    /// Creates the record of an entry; nil for an entry without a result.
    init?(_ entry: ResponseEntry, _ settings: NormalizerSettings) {
        guard let result = entry.result else { return nil }
        self.entry = entry
        self.result = result
        self.settings = settings
    }

    /// The record, a line without its newline. Like every record, it begins with `metadata.uid`, the rest of `metadata`, and `time`. The spool's
    /// readers rely on this order.
    var line: [UInt8] {
        get throws {
            let encoder = JSONEncoder.plain
            encoder.keyEncodingStrategy = .convertToSnakeCase
            var line = Array(#"{"metadata":{"uid":"#.utf8)
            line += try encoder.encode(entry.id)
            line += Array(#","version":"\#(settings.schemaVersion.rawValue)","#.utf8)
            line += try encoder.encode(metadata).dropFirst()
            line += Array(#","time":\#(entry.time),"#.utf8)
            line += try encoder.encode(fields).dropFirst()
            return line
        }
    }

    private var fields: Fields {
        let activity = entry.action.activity
        let status = Self.status(result)
        return Fields(
            timeDt: settings.datetime ? CivilTime(milliseconds: entry.time).rfc3339 : nil,
            activityId: activity.id, activityName: activity.name,
            typeUid: Self.classUID * 100 + activity.id, typeName: "Remediation Activity: \(activity.name)",
            statusId: status.id, status: status.name, statusCode: result.code ?? result.outcome.rawValue,
            statusDetail: result.message,
            message: "\(entry.action.rawValue) \(entry.user.login ?? entry.user.asked): \(result.outcome.rawValue)",
            actor: actor, api: api, cloud: ["provider": "Okta"], commandUid: entry.id,
            countermeasures: entry.action.countermeasure.map {
                [Countermeasure(d3fTechnique: .init(uid: $0.id, name: $0.name))]
            },
            remediation: ["desc": "\(entry.action.words) in Okta"],
            observables: settings.observables ? observables : nil, unmapped: unmapped,
            rawData: settings.rawData ? try? String(decoding: JSONEncoder.plain.encode(entry), as: UTF8.self) : nil)
    }

    private var metadata: Metadata {
        Metadata(
            product: ["name": "Tributary", "vendor_name": "Tributary"], logName: "Response actions",
            logProvider: "Tributary", logVersion: Version.current, eventCode: "respond.\(entry.action.rawValue)",
            originalTime: CivilTime(milliseconds: entry.time).rfc3339, correlationUid: result.oktaRequestID,
            tenantUid: entry.org, labels: ["case:\(entry.caseID)", "integration:\(entry.integration)"],
            profiles: ["cloud", "host"] + (settings.datetime ? ["datetime"] : []))
    }

    private var actor: Actor {
        let who = entry.actor
        let uid = who.loginUser != nil ? who.loginUID : who.sudoUser != nil ? nil : who.uid
        return Actor(
            user: User(name: who.person, uid: uid.map(String.init), typeId: 1, type: "User"),
            appName: "tributary respond")
    }

    private var api: API {
        API(
            operation: entry.action.operation,
            request: .init(
                uid: result.oktaRequestID ?? entry.id,
                data: .init(
                    user: User(
                        name: entry.user.login ?? entry.user.asked, uid: entry.user.id, emailAddr: entry.user.email,
                        fullName: entry.user.name),
                    group: entry.options.groupID.map { ["uid": $0, "name": entry.options.groupName ?? $0] },
                    options: options)),
            response: result.httpStatus.map {
                .init(code: $0, error: result.oktaErrorCode, message: result.outcome.rawValue)
            }, service: ["name": "Okta API"])
    }

    private var options: [String: String]? {
        let given = entry.options
        let all = [
            "oauthTokens": given.oauthTokens.map(String.init), "forgetDevices": given.forgetDevices.map(String.init),
            "riskLevel": given.riskLevel, "sendEmail": given.sendEmail.map(String.init),
        ].compactMapValues(\.self)
        return all.isEmpty ? nil : all
    }

    /// The actor is the only observable. The affected user can't be one, because an observable refers to an attribute by name, and no attribute
    /// contains that user.
    private var observables: [Observable] {
        [Observable(name: "actor.user.name", typeId: 4, type: "User Name", value: actor.user.name)]
    }

    /// Values for which the class has no attribute, each as text.
    private var unmapped: [String: String] {
        [
            "case_id": entry.caseID, "reason": entry.reason, "command": entry.command.rawValue,
            "request_id": entry.request, "undoes": entry.undoes, "integration": entry.integration,
            "asked": entry.user.asked, "credential": entry.credential, "status_before": result.statusBefore,
            "status_after": result.statusAfter, "dry_run": entry.isDryRun ? "true" : nil,
            "forced": entry.isForced ? "true" : nil, "process_user": entry.actor.user,
        ].compactMapValues(\.self)
    }

    /// `status_id` and its caption. Remediation Activity defines its own values from 3 to 6.
    private static func status(_ result: ResponseResult) -> (id: Int, name: String) {
        switch (result.outcome, result.code) {
        case (.done, _), (.alreadyDone, _): (1, "Success")
        case (.refused, "not-found"): (3, "Does Not Exist")
        case (.refused, _), (.refusedByOkta, _): (2, "Failure")
        case (.failed, _): (6, "Error")
        case (.unknown, _): (0, "Unknown")
        case (.wouldDo, _): (99, "Dry Run")
        }
    }
}

// The attributes of the record, except `metadata.uid`, `metadata.version` and `time`, which `line` writes itself. The names are those of OCSF in
// another letter case: the encoder writes `timeDt` as `time_dt`.
extension RemediationRecord {
    private struct Fields: Encodable {
        var timeDt: String?
        let timezoneOffset = 0
        let classUid = RemediationRecord.classUID
        let className = "Remediation Activity"
        let categoryUid = 7
        let categoryName = "Remediation"
        var activityId: Int
        var activityName: String
        var typeUid: Int
        var typeName: String
        let severityId = 1
        let severity = "Informational"
        var statusId: Int
        var status: String
        var statusCode: String
        var statusDetail: String
        var message: String
        var actor: Actor
        var api: API
        var cloud: [String: String]
        var commandUid: String
        var countermeasures: [Countermeasure]?
        var remediation: [String: String]
        var observables: [Observable]?
        var unmapped: [String: String]
        var rawData: String?
    }

    private struct Metadata: Encodable {
        var product: [String: String]
        var logName: String
        var logProvider: String
        var logVersion: String
        var eventCode: String
        var originalTime: String
        var correlationUid: String?
        var tenantUid: String
        var labels: [String]
        var profiles: [String]
    }

    private struct Actor: Encodable {
        var user: User
        var appName: String
    }

    private struct User: Encodable {
        var name: String
        var uid: String?
        var emailAddr: String?
        var fullName: String?
        var typeId: Int?
        var type: String?
    }

    private struct API: Encodable {
        struct Request: Encodable {
            struct Content: Encodable {
                var user: User
                var group: [String: String]?
                var options: [String: String]?
            }

            var uid: String
            var data: Content
        }

        struct Response: Encodable {
            var code: Int
            var error: String?
            var message: String
        }

        var operation: String
        var request: Request
        var response: Response?
        var service: [String: String]
    }

    private struct Countermeasure: Encodable {
        struct Technique: Encodable {
            var uid: String
            var name: String
        }

        var d3fTechnique: Technique
    }

    private struct Observable: Encodable {
        var name: String
        var typeId: Int
        var type: String
        var value: String
    }
}

extension JSONEncoder {
    fileprivate static var plain: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }
}

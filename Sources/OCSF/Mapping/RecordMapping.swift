import CSimdjson

/// Creates the record of one event in one pass over its values, directly in the output buffer.
///
/// The parts are in separate files. Each part writes the attributes that it is sure of, and marks the event's values that are now in the record.
/// `unmapped`, written last, contains all values that are not marked.
struct RecordMapping: ~Copyable {
    var writer = RecordWriter()
    var observables: ObservableList
    var enrichments = EnrichmentList()
    let settings: NormalizerSettings
    let catalog: EventCatalog
    /// The constants of the present integration.
    var constants: RecordConstants
    let schema: RecordSchema
    /// Adapts records to another version of OCSF; nil for the version that the mapping itself writes.
    let fit: RecordFit?
    let digest: SHA256Digest
    let digestBytes: UnsafeMutablePointer<UInt8>

    // State of the present event:
    var event: LogEvent
    var eventType: JSONText?
    var kind = OCSFKind.base
    var activity = 99
    var rule = EventRule.none
    /// What kind of thing the actor is.
    var principal = Principal.user
    var outcome = Outcome()
    var security = SecurityContext()
    /// Whether the client used a VPN, according to what Okta knows about the client's address.
    var isThroughVPN = false
    var time: Int64 = 0
    var usesHost = false
    var usesSecurityControl = false
    /// The path of the host name in `http_request.url`; nil until the URL is written.
    var urlHostPath: StaticString?
    /// The index of the event type's ATT&CK tags in the catalogue; nil if it has none.
    var attack: Int?
    var client: ClientAddress?
    var application: TargetApplication?
    /// Whether the event is about privileges (User Access Management) but names no account. Its record is then an Entity Management record, which has
    /// no `privileges`.
    var isGrantOfEntity = false
    /// Whether explanations are wanted.
    var isExplaining = false
    var explanations: [Explanation] = []
    var unknownTypes = UnknownTypes()

    private let tables: UnsafeMutablePointer<JSONNode?>

    init(
        settings: NormalizerSettings, catalog: EventCatalog, schema: RecordSchema, digest: SHA256Digest
    ) throws(NormalizerError) {
        if let table = schema.table { fit = try RecordFit(table) } else { fit = nil }
        self.schema = schema
        self.settings = settings
        self.catalog = catalog
        self.digest = digest
        constants = RecordConstants(orgHost: nil, logURL: nil)
        observables = ObservableList(isOn: settings.observables)
        tables = .allocate(capacity: 2 * OktaKey.slots)
        tables.initialize(repeating: nil, count: 2 * OktaKey.slots)
        digestBytes = .allocate(capacity: 32)
        digestBytes.initialize(repeating: 0, count: 32)
        // The tape of an empty event, as a placeholder until the first event is written.
        let nothing = UnsafeMutablePointer<tributary_json_node>.allocate(capacity: 1)
        nothing.initialize(to: tributary_json_node())
        event = LogEvent(
            bytes: UnsafePointer(digestBytes), count: 0, nodes: nothing, top: tables, debug: tables + OktaKey.slots)
        self.nothing = nothing
    }

    private let nothing: UnsafeMutablePointer<tributary_json_node>

    deinit {
        tables.deallocate()
        digestBytes.deallocate()
        nothing.deallocate()
    }

    /// What the object is, if it is not a LogEvent; nil if it is a LogEvent.
    mutating func otherObject(_ bytes: UnsafePointer<UInt8>, _ count: Int, nodes: JSONNode) -> OtherObject? {
        event = LogEvent(bytes: bytes, count: count, nodes: nodes, top: tables, debug: tables + OktaKey.slots)
        event.index()
        return event.otherObject
    }

    /// Writes the record of an event. `nodes` is the event's tape; its root must be an object. Callers leave out `instead`. If the
    /// record does not meet the requirements of this OCSF version for the record's class, the function calls itself, and `instead` is then the class
    /// and activity to use.
    ///
    /// The function is long because it lists the parts of a record in the order in which they are written; each part is a separate function.
    mutating func write(
        _ bytes: UnsafePointer<UInt8>, _ count: Int, nodes: JSONNode, collectedAt: Int64,
        instead: (kind: OCSFKind, activity: Int)? = nil
    ) throws(Rejection) -> RecordHead {
        event = LogEvent(bytes: bytes, count: count, nodes: nodes, top: tables, debug: tables + OktaKey.slots)
        event.index()
        writer.begin()
        observables.removeAll()
        enrichments.removeAll()
        urlHostPath = nil
        client = nil
        application = nil
        isGrantOfEntity = false
        if isExplaining { explanations.removeAll() }
        usesHost = false
        usesSecurityControl = false

        eventType = event.known(event[.eventType])
        let mapping = mapping()
        (kind, activity) = instead ?? schema.placed(mapping.kind, mapping.activity)
        rule = mapping.rule
        attack = mapping.attack
        security = SecurityContext(event)
        outcome = Outcome(event, eventType, security)
        isThroughVPN = hasVPN
        let actor = Identity(event[.actor], in: event).flatMap { $0.isNamed(in: event) ? $0 : nil }
        principal = actor.map { Principal($0, in: event) } ?? .user
        let targets = Targets(event)
        let endpoint = SourceEndpoint(event, security, settings.network, actor: principal == .address ? actor : nil)
        if rule == .roleBinding, instead == nil { takeGrantee(targets) }
        if kind == .finding, isAboutRisk, outcome.risk.wentDown { activity = 2 }
        let subject = self.subject(actor: actor, targets: targets)
        let recipient = kind == .email ? self.recipient(actor: actor) : nil

        let isFallback: Bool
        switch kind {
        case .account, .access, .authentication: isFallback = subject == nil
        case .group: isFallback = targets.group == nil
        case .api: isFallback = !endpoint.isNamed || !hasActor(actor)
        case .email: isFallback = recipient == nil
        default: isFallback = false
        }
        if isFallback { takeNearestClass() }

        let head = metadata(collectedAt: collectedAt, isFallback: isFallback)
        classification()
        if let attack {
            writer.copy(catalog.attacks[attack])
            usesSecurityControl = true
        }
        outcomeFields()
        actorField(actor, targets)
        switch kind {
        case .base, .applicationError: break
        case .finding: finding(targets, actor, endpoint)
        case .account: account(subject, targets)
        case .authentication: authentication(subject, actor, targets)
        case .entity: entity(targets, actor)
        case .access: access(subject, targets)
        case .group: group(targets)
        case .email: email(recipient)
        case .webResources: webResources(targets)
        case .api: apiCall()
        }
        if kind.hasSourceEndpoint { sourceEndpoint(endpoint, .record) }
        if kind.hasHTTPRequest { httpRequest(.record) }
        if isFallback, mapping.kind == .authentication { authorizations(targets) }
        if isFallback, mapping.kind == .access { isGrantOfEntity = true }
        if kind == .account || kind == .applicationError, targets.app != nil { applicationOfTarget() }
        device(actor, endpoint)
        observableField()
        enrichmentField(subject)
        // The profiles are inserted before `unmapped` and `raw_data` are written, because the insertion moves everything after it, and these two
        // parts are long.
        if let fit {
            switch fitRecord(fit, profilesAt: head.uid.upperBound + 2) {
            case nil: break
            case .failed(let rejection): throw rejection
            case .fitted, .notFillable:
                restoreAll()
                return try write(
                    bytes, count, nodes: nodes, collectedAt: collectedAt,
                    instead: schema.instead(kind, activity) ?? (.base, 99))
            }
        } else {
            profiles(at: head.profiles)
        }
        explain("unmapped", "everything that no rule copied verbatim")
        unmapped()
        rawData()
        writer.finish()
        return RecordHead(
            kind: kind, time: time, published: head.published, uid: head.uid, isUIDDerived: head.isUIDDerived,
            isFallback: isFallback)
    }

    /// The user that a record of this class is about; nil if there is no such user, or if the class is not about users.
    private func subject(actor: Identity?, targets: Targets) -> Identity? {
        switch kind {
        case .account, .access: targets.account
        // If an administrator ends someone's session, the administrator is the actor, but not the user who was signed in.
        case .authentication: targets.user ?? (principal.canSignIn ? actor : nil) ?? targets.appUser
        case .group: targets.account
        default: nil
        }
    }

    /// The part of the record in which an object is written. The paths of the object's observables depend on the part.
    enum Place { case record, evidence, device }
}

/// The constant parts of all records of one integration, as JSON.
struct RecordConstants {
    /// The constant members of `metadata`. They follow the member `version`.
    let metadata: [UInt8]
    let dstEndpoint: [UInt8]
    /// The org's host; empty if it is not known.
    let host: [UInt8]
    /// The members `"scheme":"https","hostname":"…",` of a URL; empty if the host is not known.
    let url: [UInt8]

    init(orgHost: String?, logURL: String?) {
        var text = """
            "product":{"name":"Okta System Log","vendor_name":"Okta"},\
            "log_name":"System Log","log_provider":"Okta","log_format":"JSON",
            """
        if let url = logURL { text += "\"log_source\":\"\(url)\"," }
        if let host = orgHost { text += "\"tenant_uid\":\"\(host)\"," }
        metadata = Array(text.utf8)
        self.host = Array((orgHost ?? "").utf8)
        let host = orgHost.map { "\"hostname\":\"\($0)\"," } ?? ""
        dstEndpoint = Array("\"dst_endpoint\":{\(host)\"svc_name\":\"Okta\"},".utf8)
        url = host.isEmpty ? [] : Array("\"scheme\":\"https\",\(host)".utf8)
    }
}

import CSimdjson

/// Makes the record of one event in one pass over its values, straight into the output buffer.
///
/// The parts are in files by concept. Each writes what it can vouch for and marks the values that now stand in the record;
/// `unmapped`, written last, takes all others.
struct RecordMapping: ~Copyable {
    var writer = RecordWriter()
    var observables: ObservableList
    var enrichments = EnrichmentList()
    let settings: NormalizerSettings
    let catalog: EventCatalog
    /// Of the integration at hand.
    var constants: RecordConstants
    let schema: RecordSchema
    /// Nil where records are written as the mapping speaks.
    let fit: RecordFit?
    let digest: SHA256Digest
    let digestBytes: UnsafeMutablePointer<UInt8>

    // Of the event at hand:
    var event: LogEvent
    var eventType: JSONText?
    var kind = OCSFKind.base
    var activity = 99
    var rule = EventRule.none
    /// What the actor is.
    var principal = Principal.user
    var outcome = Outcome()
    var security = SecurityContext()
    /// The client came through one, by what Okta knows of its address.
    var isThroughVPN = false
    var time: Int64 = 0
    var usesHost = false
    var usesSecurityControl = false
    /// Where the record says the host of `http_request.url`, once it does.
    var urlHostPath: StaticString?
    /// The place of the type's tags in the catalogue.
    var attack: Int?
    var client: ClientAddress?
    var application: TargetApplication?
    /// A grant that became an Entity Management record, which has no `privileges`.
    var isGrantOfEntity = false
    /// Somebody asked why the record is as it is.
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
        // Replaced before the first use; an empty event has nothing to read.
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

    /// Nil for a LogEvent.
    mutating func otherObject(_ bytes: UnsafePointer<UInt8>, _ count: Int, nodes: JSONNode) -> OtherObject? {
        event = LogEvent(bytes: bytes, count: count, nodes: nodes, top: tables, debug: tables + OktaKey.slots)
        event.index()
        return event.otherObject
    }

    /// `nodes` is the event's tape, its root an object. `instead` is the class of a record whose own could not be filled in this version
    /// of OCSF.
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
        // Before the long parts: what stands behind the mark is moved.
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
        explain("unmapped", "what no rule took over word for word")
        unmapped()
        rawData()
        writer.finish()
        return RecordHead(
            kind: kind, time: time, uid: head.uid, isUIDDerived: head.isUIDDerived, isFallback: isFallback)
    }

    /// The user that the class is about.
    private func subject(actor: Identity?, targets: Targets) -> Identity? {
        switch kind {
        case .account, .access: targets.account
        // An administrator who ends someone's session is the actor, not the one who was signed in.
        case .authentication: targets.user ?? (principal.canSignIn ? actor : nil) ?? targets.appUser
        case .group: targets.account
        default: nil
        }
    }

    /// Where a part of the record stands; it decides the paths of the observables in it.
    enum Place { case record, evidence, device }
}

/// The constant parts of all records of one integration, as JSON.
struct RecordConstants {
    /// Follows `metadata.version`.
    let metadata: [UInt8]
    let dstEndpoint: [UInt8]
    /// The org's host, or nothing.
    let host: [UInt8]
    /// `"scheme":"https","hostname":"…",` or nothing.
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

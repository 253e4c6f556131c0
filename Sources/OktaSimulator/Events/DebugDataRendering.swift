/// Renders `debugContext` and `target` by the catalogue's schemas. Values of fields are sent as strings, whatever type the catalogue gives them, with
/// two exceptions: `originalPrincipal` is an object, and events with the oddity `debugNumbers` have unquoted booleans and integers.
extension EventGenerator {
    func appendDebug(_ plan: inout EventPlan, requestId: [UInt8], to out: inout [UInt8]) {
        switch (plan.oddity, plan.hostility) {
        case (.debugAbsent, _): return
        case (.debugEmpty, _): out.append("\"debugContext\":{\"debugData\":{}},")
        case (_, .debugList): out.append("\"debugContext\":[],")
        case (_, .debugText): out.append("\"debugContext\":\"{debugData={}}\",")
        default:
            out.append("\"debugContext\":{\"debugData\":{")
            let fields = catalog.types[plan.type].debug
            let path = Self.paths[plan.user % Self.paths.count]
            var written = 0
            for field in fields where written < 30 && (field.presence >= 1 || plan.rolls.chance(field.presence)) {
                if written > 0 { out.append(0x2C) }
                written += 1
                out.append(contentsOf: field.key)
                switch field.kind {
                case .requestId:
                    out.append(0x22)
                    out.append(contentsOf: requestId)
                    out.append(0x22)
                case .requestUri, .fullURL:
                    out.append(0x22)
                    out.append(path)
                    out.append(field.kind == .fullURL ? "?\"" : "\"")
                default: appendValue(field, &plan, to: &out)
                }
            }
            if plan.oddity == .bigDebug {
                if written > 0 { out.append(0x2C) }
                out.append("\"changedAttributes\":\"")
                for number in 0..<(300 + plan.rolls.below(900)) {
                    out.append("{attribute=customField")
                    out.appendDecimal(number)
                    out.append(", from=\\\"Büro\\\\Nord\\\", to=null}, ")
                }
                out.append(0x22)
            }
            out.append("}},")
        }
    }

    private static let paths: [StaticString] = [
        "/api/v1/authn", "/idp/idx/identify", "/api/v1/users", "/oauth2/v1/token", "/app/office365/sso/wsfed/passive",
        "/login/token/redirect",
        "/api/v1/groups/00g1emaKYZTWRYYRRTSK/users", "/api/v1/logs",
    ]

    /// Appends a made-up value of a field. The function is long because it has a case for each kind of field.
    func appendValue(_ field: Catalog.Field, _ plan: inout EventPlan, to out: inout [UInt8]) {
        let number = plan.rolls.below(1_000_000)
        switch field.kind {
        case .bool: out.append(plan.oddity == .debugNumbers ? "false" : number % 8 == 0 ? "\"true\"" : "\"false\"")
        case .int:
            let quote = plan.oddity != .debugNumbers
            if quote { out.append(0x22) }
            out.appendDecimal(number % 3600)
            if quote { out.append(0x22) }
        case .float: out.append("\"0.75\"")
        case .risk:
            out.append(
                number % 10 == 0
                    ? "\"{reasons=Anomalous Device, Anomalous Location, level=MEDIUM}\"" : "\"{level=LOW}\"")
        case .behaviors:
            out.append("\"{New Geo-Location=NEGATIVE, New Device=")
            out.append(number % 5 == 0 ? "POSITIVE" : "NEGATIVE")
            out.append(
                ", New IP=NEGATIVE, New State=NEGATIVE, New Country=NEGATIVE, Velocity=NEGATIVE, New City=NEGATIVE}\"")
        case .logOnly:
            out.append(
                "\"{\\\"risk\\\":{\\\"level\\\":\\\"LOW\\\"},\\\"behaviors\\\":{\\\"New Geo-Location\\\":\\\"NEGATIVE\\\","
            )
            out.append(
                "\\\"New Device\\\":\\\"NEGATIVE\\\",\\\"New IP\\\":\\\"NEGATIVE\\\",\\\"Velocity\\\":\\\"NEGATIVE\\\"}}\""
            )
        case .threats: out.append("\"{\\\"Password Spray\\\":\\\"HIGH\\\"}\"")
        case .tunnels:
            out.append("\"[{\\\"anonymous\\\":true,\\\"operator\\\":\\\"NORD_VPN\\\",\\\"type\\\":\\\"VPN\\\"}]\"")
        case .riskChange:
            out.append(
                "\"{\\\"riskLevel\\\":\\\"HIGH\\\",\\\"priorRiskLevel\\\":\\\"LOW\\\",\\\"direction\\\":\\\"increase\\\"}\""
            )
        case .partnerRisk: out.append("\"[{name=partner-x, level=HIGH}]\"")
        case .conditions: out.append("\"[{result=true, condition=security.risk.level == 'LOW'}]\"")
        case .json: out.append("\"{\\\"state\\\":\\\"ACTIVE\\\",\\\"count\\\":3,\\\"label\\\":null}\"")
        case .list: out.append(number % 6 == 0 ? "\"[]\"" : "\"[FIRST, SECOND VALUE, third]\"")
        case .choice:
            out.append(0x22)
            if field.choices.isEmpty {
                out.append("ACTIVE")
            } else {
                out.append(contentsOf: field.choices[number % field.choices.count])
            }
            out.append(0x22)
        case .hash:
            out.append(0x22)
            for _ in 0..<4 { out.appendHex(plan.rolls.next(), digits: 16) }
            out.append(0x22)
        case .id, .requestId:
            out.append(0x22)
            out.appendBase62(plan.rolls.next(), count: 20)
            out.append(0x22)
        case .uri, .requestUri: out.append("\"/api/v1/apps/0oa1emaKYZTWRYYRRTSK\"")
        case .url, .fullURL: out.append("\"https://service.example/callback?state=a%20b&next=%2Fhome\"")
        case .time:
            out.append(0x22)
            Instant.append(timeline.epoch - Int64(number) * 1000, to: &out)
            out.append(0x22)
        case .email:
            out.append(0x22)
            out.append(contentsOf: words.users[number % words.users.count].alternate)
            out.append(0x22)
        case .ip:
            out.append(0x22)
            appendAddress(&plan, to: &out)
            out.append(0x22)
        case .principal:
            let user = words.users[number % words.users.count]
            out.append("{\"id\":\"")
            out.append(contentsOf: user.id)
            out.append("\",\"type\":\"User\",\"alternateId\":\"")
            out.append(contentsOf: user.alternate)
            out.append("\",\"displayName\":\"")
            out.append(contentsOf: user.name)
            out.append("\",\"detailEntry\":null}")
        case .text:
            let texts: [StaticString] = [
                "\"Corporate default\"", "\"unknown\"", "\"null\"", "\"\"", "\"Zugriff für Außendienst\"",
                "\"C:\\\\Users\\\\svc\\ttab\"",
                "\"Changed by administrator\"", "\"v2\"",
            ]
            out.append(texts[number % 32 < 8 ? number % 8 : number % 2 == 0 ? 0 : 6])
        }
    }

    func appendTargets(_ plan: inout EventPlan, _ type: Catalog.EventType, to out: inout [UInt8]) {
        switch plan.oddity {
        case .targetAbsent: return
        case .targetNull:
            out.append(",\"target\":null")
            return
        case .targetEmpty:
            out.append(",\"target\":[]")
            return
        default: break
        }
        out.append(",\"target\":[")
        let count = plan.oddity == .manyTargets ? 12 : min(3, type.targets.count)
        for position in 0..<count {
            if position > 0 { out.append(0x2C) }
            let target = type.targets[position % type.targets.count]
            appendTarget(target, changes: position == 0 ? type.changes : [], &plan, to: &out)
        }
        out.append(0x5D)
    }

    private func appendTarget(
        _ target: Catalog.Target, changes: [Catalog.Field], _ plan: inout EventPlan, to out: inout [UInt8]
    ) {
        let isPerson = target.type.elementsEqual("User".utf8) || target.type.elementsEqual("AppUser".utf8)
        let isGroup = target.type.elementsEqual("UserGroup".utf8)
        let entity =
            isPerson
            ? words.users[plan.rolls.below(words.users.count)]
            : isGroup ? words.groups[plan.group] : words.apps[plan.app]
        out.append("{\"id\":\"")
        out.append(contentsOf: entity.id)
        out.append("\",\"type\":\"")
        out.append(contentsOf: target.type)
        out.append("\",\"alternateId\":\"")
        out.append(contentsOf: entity.alternate)
        out.append("\",\"displayName\":\"")
        out.append(contentsOf: entity.name)
        out.append("\",\"detailEntry\":")
        if target.fields.isEmpty {
            out.append("null")
        } else {
            appendObject(target.fields.prefix(8), &plan, to: &out)
        }
        if !changes.isEmpty {
            out.append(",\"changeDetails\":{\"from\":")
            appendObject(changes.prefix(10), &plan, to: &out)
            out.append(",\"to\":")
            appendObject(changes.prefix(10), &plan, to: &out)
            out.append(0x7D)
        }
        out.append(0x7D)
    }

    private func appendObject(_ fields: ArraySlice<Catalog.Field>, _ plan: inout EventPlan, to out: inout [UInt8]) {
        out.append(0x7B)
        var first = true
        for field in fields {
            if !first { out.append(0x2C) }
            first = false
            out.append(contentsOf: field.key)
            appendValue(field, &plan, to: &out)
        }
        out.append(0x7D)
    }
}

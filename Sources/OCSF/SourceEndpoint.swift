import CSimdjson

/// What the event says about where the request came from.
struct SourceEndpoint {
    var ip: JSONText?
    var domain: JSONText?
    /// Of the address.
    var scope: NetworkScope?

    /// OCSF wants at least one of these (and of others that Okta never has).
    var isNamed: Bool { ip != nil || domain != nil }

    init(_ event: LogEvent, _ network: MyNetwork) {
        if let text = event.known(event.child(event[.client], .ipAddress)), let address = IPAddress(text) {
            ip = text
            scope = network.scope(of: address)
        }
        // "." is how Okta writes that the reverse look-up found nothing.
        if let text = event.known(event.child(event[.securityContext], .domain)), !text.equals(".") { domain = text }
    }
}

extension RecordMapping {
    mutating func sourceEndpoint(_ endpoint: SourceEndpoint, _ place: Place) {
        guard endpoint.isNamed else { return }
        let inEvidence = place == .evidence
        let client = event[.client]
        let security = event[.securityContext]
        writer.put("\"src_endpoint\":{")
        if let ip = endpoint.ip {
            let path: StaticString = inEvidence ? "evidences[0].src_endpoint.ip" : "src_endpoint.ip"
            observed("\"ip\":\"", ip, path, .ip)
            event.consume(event.child(client, .ipAddress))
            if let scope = endpoint.scope {
                networkScope(scope)
                // The mark on the observable: there is nothing to look up outside.
                if scope == .internal { enrichments.add(path, ip, scope) }
            }
        }
        if let domain = endpoint.domain {
            writer.string("\"domain\":\"", domain)
            event.consume(event.child(security, .domain))
        }
        location(event.child(client, .geographicalContext), inEvidence)
        autonomousSystem(security)
        let isp = event.child(security, .isp)
        if let name = event.known(isp) {
            writer.string("\"isp\":\"", name)
            event.consume(isp)
        }
        let zone = event.child(client, .zone)
        if let name = event.known(zone) {
            writer.string("\"zone\":\"", name)
            event.consume(zone)
        }
        deviceType(event.child(client, .device))
        let os = event.child(event.child(client, .userAgent), .os)
        if let name = event.known(os) {
            operatingSystem(name, version: nil)
            event.consume(os)
        }
        intermediates()
        fingerprints()
        writer.endObject()
    }

    private mutating func deviceType(_ node: JSONNode?) {
        guard let text = event.text(node) else { return }
        var id = 99
        if text.equals("Computer") {
            id = 2
        } else if text.equals("Tablet") {
            id = 4
        } else if text.equals("Mobile") {
            id = 5
        } else if event.known(node) == nil {
            id = 0
        }
        let stands = writer.enumerated("\"type_id\":", "\"type\":\"", id, text, .endpointType)
        if stands { event.consume(node) }
    }

    /// A place without city, country, region or postal code is none (OCSF's constraint), and coordinates outside the globe are
    /// no coordinates.
    private mutating func location(_ place: JSONNode?, _ inEvidence: Bool) {
        let city = event.known(event.child(place, .city))
        let country = event.known(event.child(place, .country)).flatMap { CountryCode.lookup($0) }
        let region = event.known(event.child(place, .state))
        let postal = event.child(place, .postalCode)
        let postalCode = event.known(postal) ?? event.number(postal)
        guard city != nil || country != nil || region != nil || postalCode != nil else { return }
        writer.put("\"location\":{")
        if let city {
            writer.string("\"city\":\"", city)
            event.consume(event.child(place, .city))
        }
        if let country {
            observed(
                "\"country\":\"", country,
                inEvidence ? "evidences[0].src_endpoint.location.country" : "src_endpoint.location.country", .country)
            event.consume(event.child(place, .country))
        }
        if let region {
            writer.string("\"region\":\"", region)
            event.consume(event.child(place, .state))
        }
        if let postalCode {
            writer.string("\"postal_code\":\"", postalCode)
            event.consume(postal)
        }
        let coordinates = event.child(place, .geolocation)
        let lat = event.child(coordinates, .lat)
        let long = event.child(coordinates, .lon)
        if let north = event.number(lat), let east = event.number(long), isWithin(north, 90), isWithin(east, 180) {
            writer.put("\"lat\":")
            writer.copy(north)
            writer.put(",\"long\":")
            writer.copy(east)
            writer.put(",")
            event.consume(lat)
            event.consume(long)
        }
        writer.endObject()
    }

    /// |number| ≤ limit, for a number without an exponent.
    private func isWithin(_ number: JSONText, _ limit: Int) -> Bool {
        var whole = 0
        var hasFraction = false
        var index = number.start[0] == UInt8(ascii: "-") ? 1 : 0
        while index < number.count {
            let byte = number.start[index]
            if byte == UInt8(ascii: ".") {
                break
            }
            guard byte &- 0x30 < 10, whole <= limit else { return false }
            whole = whole * 10 + Int(byte &- 0x30)
            index += 1
        }
        while index + 1 < number.count {
            index += 1
            guard number.start[index] &- 0x30 < 10 else { return false }
            if number.start[index] != 0x30 { hasFraction = true }
        }
        return whole < limit || (whole == limit && !hasFraction)
    }

    private mutating func autonomousSystem(_ security: JSONNode?) {
        let numberNode = event.child(security, .asNumber)
        let nameNode = event.child(security, .asOrg)
        let number = systemNumber(numberNode)
        let name = event.known(nameNode)
        guard number != nil || name != nil else { return }
        writer.put("\"autonomous_system\":{")
        if let number {
            writer.put("\"number\":")
            writer.copy(number)
            writer.put(",")
            event.consume(numberNode)
        }
        if let name {
            writer.string("\"name\":\"", name)
            event.consume(nameNode)
        }
        writer.endObject()
    }

    /// OCSF's `integer_t` has 31 bits for it; a larger number (there are private ones) stays in `unmapped`.
    private func systemNumber(_ node: JSONNode?) -> JSONText? {
        guard let number = event.number(node), number.count <= 10 else { return nil }
        var value = 0
        for index in 0..<number.count {
            guard number.start[index] &- 0x30 < 10 else { return nil }
            value = value * 10 + Int(number.start[index] &- 0x30)
        }
        return value <= Int(Int32.max) ? number : nil
    }

    /// `name` and `type_id` are both required.
    mutating func operatingSystem(_ name: JSONText, version: JSONText?) {
        let id: Int
        if name.containsIgnoringCase("windows") {
            id = name.containsIgnoringCase("phone") || name.containsIgnoringCase("mobile") ? 101 : 100
        } else if name.containsIgnoringCase("ipad") {
            id = 302
        } else if name.containsIgnoringCase("iphone") || name.equalsIgnoringCase("ios") || name.hasPrefix("iOS") {
            id = 301
        } else if name.containsIgnoringCase("mac") {
            id = 300
        } else if name.containsIgnoringCase("android") {
            id = 201
        } else if name.containsIgnoringCase("linux") || name.containsIgnoringCase("ubuntu") {
            id = 200
        } else {
            id = 99
        }
        writer.put("\"os\":{")
        writer.string("\"name\":\"", name)
        writer.enumerated("\"type_id\":", "\"type\":\"", id, name, .osType)
        if let version { writer.string("\"version\":\"", version) }
        writer.endObject()
    }

    /// The hops behind the client; the chain itself stays in `unmapped`, with what else it says of each.
    private mutating func intermediates() {
        guard let chain = event.child(event[.request], .ipChain), Int(chain.pointee.kind) == TRIBUTARY_JSON_ARRAY else {
            return
        }
        let mark = writer.count
        writer.put("\"intermediate_ips\":[")
        let end = event.nodes + Int(chain.pointee.next)
        var hop = chain + 1
        var isFirst = true
        while hop < end {
            if !isFirst, let ip = event.known(event.child(hop, .ip)), IPAddress(ip) != nil { writer.string("\"", ip) }
            isFirst = false
            hop = event.nodes + Int(hop.pointee.next)
        }
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func fingerprints() {
        let mark = writer.count
        writer.put("\"fingerprints\":[")
        fingerprint(
            "{\"algorithm_id\":99,\"algorithm\":\"deviceFingerprint\",\"value\":\"", event.debug(.deviceFingerprint))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"dtHash\",\"value\":\"", event.debug(.dtHash))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"JA3\",\"value\":\"", event.debug(.ja3))
        fingerprint("{\"algorithm_id\":99,\"algorithm\":\"JA4\",\"value\":\"", event.debug(.ja4))
        if writer.isAtOpening { writer.goBack(to: mark) } else { writer.endArray() }
    }

    private mutating func fingerprint(_ opening: StaticString, _ node: JSONNode?) {
        guard let value = event.known(node) else { return }
        writer.string(opening, value)
        writer.endObject()
        event.consume(node)
    }
}

extension JSONText {
    /// `part` is given in lower case.
    func containsIgnoringCase(_ part: StaticString) -> Bool {
        let size = part.utf8CodeUnitCount
        guard size > 0, count >= size else { return false }
        for offset in 0...(count - size) where start[offset] | 0x20 == part.utf8Start[0] {
            if slice(offset..<offset + size).equalsIgnoringCase(part) { return true }
        }
        return false
    }
}

/// `authorizations`: the policies and rules that decided, and their decision.
extension RecordMapping {
    mutating func authorizations(_ targets: Targets) {
        guard targets.hasPolicies else { return }
        let event = event
        // Events of sign-on and re-evaluation policies have the action in the outcome. Those of other policies have it in a target's `detailEntry`.
        var action: JSONText?
        forEachTarget { target in
            if action == nil, target.detailEntry != nil {
                action =
                    event.detail(of: target, .policyAction, "policyAction")
                    ?? event.detail(of: target, .ruleAction, "ruleAction")
                    ?? event.detail(of: target, .matchedRuleAction, "matchedRuleAction")
            }
        }
        usesSecurityControl = true
        explain(
            "authorizations[].decision",
            action != nil ? "the action in a target's details" : "outcome.result")
        writer.put("\"authorizations\":[")
        let decision = action ?? event.known(event.child(event[.outcome], .result))
        guard let list = event[.target] else { return }
        let end = event.nodes + Int(list.pointee.next)
        var element = list + 1
        while element < end {
            if let target = Identity(element, in: event), target.isNamed(in: event), isPolicy(target) {
                let own = event.detail(of: target, .matchedRuleAction, "matchedRuleAction")
                authorization(target, own ?? decision)
            }
            element = event.nodes + Int(element.pointee.next)
        }
        writer.endArray()
    }

    private func isPolicy(_ target: Identity) -> Bool {
        event.known(target.type).map { Targets.isPolicy($0) } ?? false
    }

    private mutating func authorization(_ policy: Identity, _ decision: JSONText?) {
        writer.put("{")
        if let decision { writer.string("\"decision\":\"", decision) }
        if let rule = event.detail(of: policy, .matchedRuleDisplayName, "matchedRuleDisplayName") {
            // The target belongs to the evaluation of a policy, and names the policy's rule that matched.
            writer.put("\"policy\":{")
            if let id = event.detail(of: policy, .matchedRuleId, "matchedRuleId") { writer.string("\"uid\":\"", id) }
            writer.string("\"name\":\"", rule)
            if let type = event.known(policy.type) { writer.string("\"type\":\"", type) }
            writer.put("\"is_applied\":true,")
            writer.endObject()
        } else {
            policyObject("\"policy\":{", policy, isApplied: true)
        }
        writer.endObject()
    }
}

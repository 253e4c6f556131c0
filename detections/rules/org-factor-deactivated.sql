-- A factor was switched off for the org
--
-- A kind of factor was deactivated for all users.
--
-- Follows: Panther, okta_admin_disabled_mfa: https://github.com/panther-labs/panther-analysis/blob/develop/rules/okta_rules/okta_admin_disabled_mfa.yml
-- ATT&CK: T1556 Modify Authentication Process
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, actor.user.name AS administrator, entity.name AS factor, src_endpoint.ip AS ip, [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code = 'system.mfa.factor.deactivate' AND status_id = 1;

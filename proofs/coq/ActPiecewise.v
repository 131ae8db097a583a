(** softsign, ELU, ReLU and leaky ReLU: what is not smooth at 0 has its constants as Lipschitz constants, which is what
    s1, s2 mean, and the statement is that no smaller constant serves. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Functions Constants Calculus.
Open Scope R_scope.

Definition lipschitz_constant (f : R -> R) (c : R) : Prop :=
  (forall x y, Rabs (f x - f y) <= c * Rabs (x - y)) /\
  (forall c', (forall x y, Rabs (f x - f y) <= c' * Rabs (x - y)) -> c <= c').

(** |(f (x + h) - f x) / h - d| <= k |h| for |h| < 1 makes d the derivative of f at x. *)
Lemma is_derive_of_quotient f x d k : 0 < k ->
  (forall h, h <> 0 -> Rabs h < 1 -> Rabs ((f (x + h) - f x) / h - d) <= k * Rabs h) -> is_derive f x d.
Proof.
  intros Hk H; apply is_derive_Reals; intros eps He.
  assert (Hd : 0 < Rmin 1 (eps / k)) by (apply Rmin_glb_lt; [lra | now apply Rdiv_lt_0_compat]).
  exists (mkposreal _ Hd); intros h Hh Hs; simpl in Hs.
  eapply Rle_lt_trans; [apply H; [easy|]; eapply Rlt_le_trans; [exact Hs | apply Rmin_l]|].
  assert (Rabs h < eps / k) by (eapply Rlt_le_trans; [exact Hs | apply Rmin_r]).
  apply Rmult_lt_reg_r with (/ k); [now apply Rinv_0_lt_compat|].
  replace (k * Rabs h * / k) with (Rabs h) by (field; lra); exact H0.
Qed.

Lemma in_ball (x y : R) (d : posreal) : ball x d y -> x - d < y < x + d.
Proof. intros H; change (Rabs (y - x) < d) in H; apply Rabs_def2 in H; lra. Qed.

Lemma Rabs_cases x : (0 <= x /\ Rabs x = x) \/ (x < 0 /\ Rabs x = - x).
Proof. unfold Rabs; destruct (Rcase_abs x); lra. Qed.

(** * softsign, with t = 1/(1 + |x|) *)

Definition softsign_d1 x := / (1 + Rabs x) ^ 2.

Lemma abs_pos x : 0 < 1 + Rabs x. Proof. pose proof (Rabs_pos x); lra. Qed.

Lemma softsign_derive x : is_derive softsign x (softsign_d1 x).
Proof.
  destruct (Rtotal_order x 0) as [N|[Z|P]].
  - apply (is_derive_ext_loc (fun y => y / (1 - y))).
    + assert (Hx : 0 < - x) by lra; exists (mkposreal _ Hx); intros y Hy; unfold softsign.
      apply in_ball in Hy; simpl in Hy; rewrite (Rabs_left y) by lra; f_equal; lra.
    + unfold softsign_d1; rewrite (Rabs_left x) by lra; auto_derive; [lra | field; lra].
  - subst x; unfold softsign_d1; rewrite Rabs_R0; replace (/ (1 + 0) ^ 2) with 1 by field.
    apply (is_derive_of_quotient _ _ _ 1); [lra|]; intros h Hh _; unfold softsign.
    rewrite Rplus_0_l, Rabs_R0; pose proof (abs_pos h); pose proof (Rabs_pos h).
    replace ((h / (1 + Rabs h) - 0 / (1 + 0)) / h - 1) with (- (Rabs h / (1 + Rabs h))) by (field; lra).
    rewrite Rabs_Ropp, Rabs_pos_eq by (apply Rdiv_le_0_compat; lra).
    apply Rmult_le_reg_r with (1 + Rabs h); [easy|].
    replace (Rabs h / (1 + Rabs h) * (1 + Rabs h)) with (Rabs h) by (field; lra); nra.
  - apply (is_derive_ext_loc (fun y => y / (1 + y))).
    + exists (mkposreal _ P); intros y Hy; unfold softsign.
      apply in_ball in Hy; simpl in Hy; rewrite (Rabs_pos_eq y) by lra; f_equal; lra.
    + unfold softsign_d1; rewrite (Rabs_pos_eq x) by lra; auto_derive; [lra | field; lra].
Qed.

Lemma inv_abs x : 0 < / (1 + Rabs x) <= 1.
Proof.
  pose proof (Rabs_pos x); split; [apply Rinv_0_lt_compat; lra|].
  rewrite <- Rinv_1; apply Rinv_le_contravar; lra.
Qed.

Theorem softsign_s0_bound x : Rabs (softsign x) <= softsign_s0.
Proof.
  unfold softsign, softsign_s0; pose proof (abs_pos x); unfold Rdiv; rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq (1 + _)) by lra.
  apply Rmult_le_reg_r with (1 + Rabs x); [easy|]; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

Theorem softsign_s1_bound x : Rabs (Derive softsign x) <= softsign_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (softsign_derive x)); unfold softsign_d1, softsign_s1.
  rewrite <- pow_inv; pose proof (inv_abs x); apply Rabs_le; nra.
Qed.

(** |p^2 - q^2| = (p + q) p q ||y| - |x||  with  p = 1/(1 + |x|) <= 1,  q = 1/(1 + |y|) <= 1 *)
Lemma softsign_d1_lipschitz x y : Rabs (softsign_d1 x - softsign_d1 y) <= softsign_s2 * Rabs (x - y).
Proof.
  unfold softsign_d1, softsign_s2; rewrite <- !pow_inv; pose proof (inv_abs x); pose proof (inv_abs y).
  pose proof (abs_pos x); pose proof (abs_pos y).
  set (p := / (1 + Rabs x)) in *; set (q := / (1 + Rabs y)) in *.
  replace (p ^ 2 - q ^ 2) with ((p + q) * (p * q) * (Rabs y - Rabs x)) by (unfold p, q; field; lra).
  rewrite Rabs_mult; apply Rmult_le_compat; [apply Rabs_pos | apply Rabs_pos | |].
  - rewrite Rabs_pos_eq by (apply Rmult_le_pos; nra).
    assert (p * q <= 1) by nra; assert (0 <= p * q) by nra; nra.
  - rewrite (Rabs_minus_sym x y); apply Rabs_triang_inv2.
Qed.

Theorem softsign_s2_constant : lipschitz_constant (Derive softsign) softsign_s2.
Proof.
  split.
  - intros x y; rewrite !(is_derive_unique _ _ _ (softsign_derive _)); apply softsign_d1_lipschitz.
  - (* the quotients between 0 and h tend to 2: (1 - 1/(1+h)^2)/h = (2 + h)/(1 + h)^2 *)
    intros c H; unfold softsign_s2; apply Rnot_lt_le; intros Hc.
    assert (Q : forall h, 0 < h -> (2 + h) / (1 + h) ^ 2 <= c).
    { intros h Hh; specialize (H 0 h); rewrite !(is_derive_unique _ _ _ (softsign_derive _)) in H.
      unfold softsign_d1 in H; rewrite Rabs_R0, (Rabs_pos_eq h) in H by lra.
      replace (/ (1 + 0) ^ 2 - / (1 + h) ^ 2) with (h * ((2 + h) / (1 + h) ^ 2)) in H by (field; lra).
      replace (Rabs (0 - h)) with h in H by (rewrite Rminus_0_l, Rabs_Ropp, Rabs_pos_eq; lra).
      assert (0 < (2 + h) / (1 + h) ^ 2) by (apply Rdiv_lt_0_compat; nra).
      rewrite Rabs_pos_eq in H by nra; nra. }
    (* at h = (2 - c)/8:  (2 + h)/(1 + h)^2 >= 2 - 4h > c  *)
    assert (0 <= c) by (specialize (Q 1 ltac:(lra)); lra).
    specialize (Q ((2 - c) / 8) ltac:(lra)); set (h := (2 - c) / 8) in *.
    assert (K : 2 - 4 * h <= (2 + h) / (1 + h) ^ 2); [|assert (4 * h = (2 - c) / 2) by (unfold h; field); lra].
    assert (0 < h) by (unfold h; lra).
    apply Rmult_le_reg_r with ((1 + h) ^ 2); [nra|].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by nra; nra.
Qed.

Theorem softsign_attained : is_lim softsign p_infty softsign_s0 /\ Rabs (Derive softsign softsign_s1_at) = softsign_s1.
Proof.
  split.
  - apply (is_lim_ext_loc (fun x => 1 - / (1 + x))).
    + exists 0; intros x Hx; unfold softsign; rewrite Rabs_pos_eq by lra; field; lra.
    + assert (E : is_lim (fun x => / (1 + x)) p_infty 0).
      { evar_last; [apply (is_lim_inv _ _ p_infty); [|easy]|easy].
        apply (is_lim_plus _ _ _ 1 p_infty); [apply is_lim_const | apply is_lim_id | easy]. }
      apply (is_lim_minus _ _ _ 1 0); [apply is_lim_const | exact E |].
      unfold is_Rbar_minus, is_Rbar_plus, softsign_s0; simpl; repeat f_equal; ring.
  - rewrite (is_derive_unique _ _ _ (softsign_derive _)); unfold softsign_d1, softsign_s1_at, softsign_s1.
    rewrite Rabs_R0; replace (/ (1 + 0) ^ 2) with 1 by field; apply Rabs_R1.
Qed.

(** * ELU: x for x >= 0, e^x - 1 for x <= 0 *)

Definition elu_d1 x := exp (Rmin 0 x).

Lemma elu_right x : 0 <= x -> elu x = x.
Proof. intros; unfold elu; rewrite Rmax_right, Rmin_left, exp_0 by lra; ring. Qed.
Lemma elu_left x : x <= 0 -> elu x = exp x - 1.
Proof. intros; unfold elu; rewrite Rmax_left, Rmin_right by lra; ring. Qed.

(** 0 <= (e^h - 1 - h) <= h^2 for h <= 0, from e^h >= 1 + h and e^(-h) >= 1 - h *)
Lemma exp_second_order h : h < 0 -> 0 <= exp h - 1 - h <= h ^ 2.
Proof.
  intros Hh; pose proof (exp_ineq1_le h); pose proof (exp_ineq1_le (- h)); split; [lra|].
  assert (E : exp h * exp (- h) = 1) by (rewrite <- exp_plus, Rplus_opp_r; apply exp_0).
  pose proof (exp_pos h).
  (* exp h (1 - h) <= 1 <= (1 + h + h^2)(1 - h) = 1 - h^3 *)
  assert (exp h * (1 - h) <= 1) by nra; assert (0 <= - (h ^ 3)) by nra; nra.
Qed.

Lemma elu_derive x : is_derive elu x (elu_d1 x).
Proof.
  destruct (Rtotal_order x 0) as [N|[Z|P]]; unfold elu_d1.
  - rewrite Rmin_right by lra; apply (is_derive_ext_loc (fun y => exp y - 1)).
    + assert (Hx : 0 < - x) by lra; exists (mkposreal _ Hx); intros y Hy; apply in_ball in Hy; simpl in Hy.
      rewrite elu_left; lra.
    + auto_derive; [easy | ring].
  - subst x; rewrite Rmin_left, exp_0 by lra.
    apply (is_derive_of_quotient _ _ _ 1); [lra|]; intros h Hh _; rewrite Rplus_0_l, (elu_right 0) by lra.
    destruct (Rle_or_lt 0 h) as [P|N].
    + rewrite elu_right by lra; replace ((h - 0) / h - 1) with 0 by (field; lra); rewrite Rabs_R0.
      pose proof (Rabs_pos h); lra.
    + rewrite elu_left by lra; pose proof (exp_second_order h N).
      replace ((exp h - 1 - 0) / h - 1) with ((exp h - 1 - h) * / h) by (field; lra).
      rewrite Rabs_mult, Rabs_inv, (Rabs_pos_eq (exp h - 1 - h)), (Rabs_left h) by lra.
      apply Rmult_le_reg_r with (- h); [lra|]; rewrite Rmult_assoc, Rinv_l by lra; nra.
  - rewrite Rmin_left, exp_0 by lra; apply (is_derive_ext_loc (fun y => y)).
    + exists (mkposreal _ P); intros y Hy; apply in_ball in Hy; simpl in Hy; rewrite elu_right; lra.
    + exact (is_derive_id x).
Qed.

Lemma elu_d1_range x : 0 < elu_d1 x <= 1.
Proof.
  unfold elu_d1; split; [apply exp_pos|].
  replace (Rmin 0 x) with (- (- Rmin 0 x)) by ring; apply exp_neg_le_1; pose proof (Rmin_l 0 x); lra.
Qed.

Theorem elu_s1_bound x : Rabs (Derive elu x) <= elu_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (elu_derive x)); unfold elu_s1; pose proof (elu_d1_range x); apply Rabs_le; lra.
Qed.

(** On x <= y <= 0:  e^y - e^x = e^y (1 - e^(x - y)) <= y - x. *)
Lemma elu_d1_lipschitz x y : Rabs (elu_d1 x - elu_d1 y) <= elu_s2 * Rabs (x - y).
Proof.
  assert (K : forall x y, x <= y -> Rabs (elu_d1 x - elu_d1 y) <= Rabs (x - y)).
  { intros a b H; rewrite (Rabs_minus_sym a b), (Rabs_pos_eq (b - a)) by lra.
    pose proof (elu_d1_range b); unfold elu_d1 in *; set (p := Rmin 0 a); set (q := Rmin 0 b) in *.
    assert (0 <= q - p <= b - a) by (unfold p, q, Rmin; destruct (Rle_dec 0 a), (Rle_dec 0 b); lra).
    assert (E : exp p = exp q * exp (p - q)) by (rewrite <- exp_plus; f_equal; ring).
    pose proof (exp_ineq1_le (p - q)); pose proof (exp_pos (p - q)).
    assert (exp (p - q) <= 1) by (replace (p - q) with (- (q - p)) by ring; apply exp_neg_le_1; lra).
    rewrite E, Rabs_minus_sym, Rabs_pos_eq; nra. }
  unfold elu_s2; rewrite Rmult_1_l; destruct (Rle_or_lt x y); [now apply K|].
  rewrite (Rabs_minus_sym x y), Rabs_minus_sym; apply K; lra.
Qed.

Theorem elu_s2_constant : lipschitz_constant (Derive elu) elu_s2.
Proof.
  split.
  - intros x y; rewrite !(is_derive_unique _ _ _ (elu_derive _)); apply elu_d1_lipschitz.
  - (* between -h and 0 the quotient is (1 - e^(-h))/h >= 1 - h *)
    intros c H; unfold elu_s2; apply Rnot_lt_le; intros Hc.
    assert (Q : forall h, 0 < h -> 1 - h <= c).
    { intros h Hh; specialize (H 0 (- h)); rewrite !(is_derive_unique _ _ _ (elu_derive _)) in H; unfold elu_d1 in H.
      rewrite (Rmin_left 0 0), exp_0, Rmin_right in H by lra.
      replace (Rabs (0 - - h)) with h in H by (rewrite Rabs_pos_eq; lra).
      pose proof (exp_second_order (- h) ltac:(lra)); pose proof (Rle_abs (1 - exp (- h))); nra. }
    specialize (Q ((1 - c) / 2) ltac:(lra)); lra.
Qed.

Theorem elu_attained : Rabs (Derive elu elu_s1_at) = elu_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (elu_derive _)); unfold elu_d1, elu_s1_at, elu_s1.
  rewrite Rmin_left, exp_0 by lra; apply Rabs_R1.
Qed.

Theorem elu_unbounded x : 0 <= x -> elu x = x. Proof. apply elu_right. Qed.

(** * ReLU and leaky ReLU *)

Lemma leaky_cases a x : (0 <= x /\ leaky a x = x) \/ (x < 0 /\ leaky a x = a * x).
Proof.
  unfold leaky; destruct (Rle_or_lt 0 x); [left; rewrite Rmax_right by lra | right; rewrite Rmax_left by lra]; split; lra.
Qed.

Lemma leaky_lipschitz a x y : Rabs (leaky a x - leaky a y) <= Rmax 1 (Rabs a) * Rabs (x - y).
Proof.
  assert (M1 := Rmax_l 1 (Rabs a)); assert (M2 := Rmax_r 1 (Rabs a)); set (M := Rmax 1 (Rabs a)) in *.
  assert (A : - M <= a <= M) by (destruct (Rabs_cases a); lra).
  assert (K : forall x y, x <= y -> Rabs (leaky a x - leaky a y) <= M * (y - x)).
  { intros u v H; apply Rabs_le.
    destruct (leaky_cases a u) as [[U ->]|[U ->]], (leaky_cases a v) as [[V ->]|[V ->]]; split; nra. }
  destruct (Rle_or_lt x y) as [H|H].
  - rewrite (Rabs_minus_sym x y), (Rabs_pos_eq (y - x)) by lra; now apply K.
  - rewrite Rabs_minus_sym, (Rabs_pos_eq (x - y)) by lra; apply K; lra.
Qed.

Theorem leaky_constant a : lipschitz_constant (leaky a) (Rmax 1 (Rabs a)).
Proof.
  split; [apply leaky_lipschitz|]; intros c H; apply Rmax_lub.
  - specialize (H 1 0); destruct (leaky_cases a 1) as [[_ E]|[N _]]; [|lra].
    destruct (leaky_cases a 0) as [[_ E0]|[N _]]; [|lra].
    rewrite E, E0, Rminus_0_r, Rabs_R1 in H; lra.
  - specialize (H (-1) 0); destruct (leaky_cases a (-1)) as [[N _]|[_ E]]; [lra|].
    destruct (leaky_cases a 0) as [[_ E0]|[N _]]; [|lra].
    rewrite E, E0, !Rminus_0_r in H; rewrite Rabs_mult in H.
    replace (Rabs (-1)) with 1 in H by (rewrite Rabs_left; lra); lra.
Qed.

Theorem relu_s1_constant : lipschitz_constant relu relu_s1.
Proof.
  pose proof (leaky_constant 0) as H; rewrite Rabs_R0, Rmax_left in H by lra; exact H.
Qed.

Theorem leaky_relu_s1_constant : lipschitz_constant (leaky (1 / 100)) leaky_relu_s1.
Proof.
  pose proof (leaky_constant (1 / 100)) as H; rewrite Rabs_pos_eq, Rmax_left in H by lra; exact H.
Qed.

Theorem leaky_unbounded a x : 0 <= x -> leaky a x = x.
Proof. intros; destruct (leaky_cases a x); lra. Qed.

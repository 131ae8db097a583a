(** tanh, sigmoid, softplus and SiLU: suprema of the derivatives over all real arguments, and where they are attained. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Functions Constants Calculus.
Open Scope R_scope.

(** * tanh: sigma' = 1 - sigma^2 *)

Lemma cosh_pos x : 0 < cosh x.
Proof. unfold cosh; pose proof (exp_pos x); pose proof (exp_pos (- x)); lra. Qed.

Lemma tanh_exp x : tanh x = 1 - 2 / (exp (2 * x) + 1).
Proof.
  unfold tanh, sinh, cosh; pose proof (exp_pos x).
  replace (2 * x) with (x + x) by ring; rewrite exp_plus, exp_Ropp; field; split; nra.
Qed.

Lemma tanh_range x : -1 < tanh x < 1.
Proof.
  rewrite tanh_exp; pose proof (exp_pos (2 * x)).
  assert (E : 0 < 2 / (exp (2 * x) + 1) < 2); [|lra]; split.
  - apply Rdiv_lt_0_compat; lra.
  - apply Rmult_lt_reg_r with (exp (2 * x) + 1); [lra|]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra; lra.
Qed.

Lemma tanh_0 : tanh 0 = 0. Proof. unfold tanh; rewrite sinh_0; unfold Rdiv; ring. Qed.

Lemma tanh_opp x : tanh (- x) = - tanh x.
Proof. unfold tanh, sinh, cosh; rewrite Ropp_involutive; pose proof (exp_pos x); pose proof (exp_pos (- x)); field; lra. Qed.

Lemma tanh_derive x : is_derive tanh x (1 - tanh x ^ 2).
Proof.
  pose proof (cosh_pos x); unfold tanh; evar_last.
  - apply is_derive_div; [apply is_derive_Reals, derivable_pt_lim_sinh | apply is_derive_Reals, derivable_pt_lim_cosh | lra].
  - unfold minus, plus, opp, mult, scal; simpl; unfold mult; simpl; field; lra.
Qed.
Global Instance UnaryDiff_tanh : UnaryDiff tanh. Proof. exists (fun x => 1 - tanh x ^ 2); exact tanh_derive. Defined.

Lemma tanh_derive_2 x : is_derive (fun y => 1 - tanh y ^ 2) x (- (2 * tanh x * (1 - tanh x ^ 2))).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_tanh; ring]. Qed.
Lemma tanh_derive_3 x : is_derive (fun y => - (2 * tanh y * (1 - tanh y ^ 2))) x
  (2 * (1 - tanh x ^ 2) * (3 * tanh x ^ 2 - 1)).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_tanh; ring]. Qed.

Lemma tanh_s2_value : tanh_s2 = 4 / (3 * sqrt 3).
Proof.
  destruct sqrt_3 as [H3 E3]; unfold tanh_s2.
  apply Rmult_eq_reg_r with (3 * sqrt 3); [|lra]; replace (4 / (3 * sqrt 3) * (3 * sqrt 3)) with 4 by (field; lra); nra.
Qed.

Theorem tanh_s0_bound x : Rabs (tanh x) <= tanh_s0.
Proof. pose proof (tanh_range x); unfold tanh_s0; apply Rabs_le; lra. Qed.
Theorem tanh_s1_bound x : Rabs (Derive tanh x) <= tanh_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (tanh_derive x)); pose proof (tanh_range x); unfold tanh_s1.
  pose proof (pow2_ge_0 (tanh x)); apply Rabs_le; nra.
Qed.
Theorem tanh_s2_bound x : Rabs (Derive_n tanh 2 x) <= tanh_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ tanh_derive tanh_derive_2), Rabs_Ropp, tanh_s2_value.
  apply cubic_bound; pose proof (tanh_range x); lra.
Qed.
Theorem tanh_s3_bound x : Rabs (Derive_n tanh 3 x) <= tanh_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ tanh_derive tanh_derive_2 tanh_derive_3); pose proof (tanh_range x); unfold tanh_s3.
  assert (W : 0 <= tanh x ^ 2 < 1) by nra; set (w := tanh x ^ 2) in *.
  (* with w in [0, 1):  -2 <= 2(1 - w)(3w - 1) <= 2 *)
  apply Rabs_le; split; nra.
Qed.

(** e^(2 z) = 2 + sqrt 3 at the table's point, so tanh z = 1/sqrt 3. *)
Lemma tanh_at_s2 : tanh tanh_s2_at = / sqrt 3.
Proof.
  destruct sqrt_3 as [H3 E3]; rewrite tanh_exp; unfold tanh_s2_at.
  replace (2 * (1 / 2 * ln (sqrt 3 + 2))) with (ln (sqrt 3 + 2)) by field; rewrite exp_ln by lra.
  set (q := sqrt 3) in *; apply Rmult_eq_reg_r with (q * (q + 3)); [|nra].
  replace ((1 - 2 / (q + 2 + 1)) * (q * (q + 3))) with (q ^ 2 + q) by (field; lra).
  replace (/ q * (q * (q + 3))) with (q + 3) by (field; lra); lra.
Qed.

Lemma tanh_lim : is_lim tanh p_infty tanh_s0.
Proof.
  apply (is_lim_ext (fun x => 1 - 2 / (exp (2 * x) + 1))); [intros; now rewrite tanh_exp|].
  assert (E : is_lim (fun x => exp (2 * x)) p_infty p_infty).
  { apply (is_lim_comp exp (fun x => 2 * x) p_infty p_infty p_infty); [apply is_lim_exp_p| |now exists 0].
    evar_last; [apply is_lim_scal_l, is_lim_id|].
    simpl; destruct (Rle_dec 0 2); [|lra]; destruct (Rle_lt_or_eq_dec 0 2 r); [easy|lra]. }
  apply (is_lim_minus _ _ _ 1 0); [apply is_lim_const | | unfold is_Rbar_minus, is_Rbar_plus, tanh_s0; simpl; repeat f_equal; ring].
  evar_last.
  - apply (is_lim_div (fun _ => 2) (fun x => exp (2 * x) + 1) p_infty 2 p_infty); [apply is_lim_const | | easy | easy].
    apply (is_lim_plus _ _ _ p_infty 1); [exact E | apply is_lim_const | easy].
  - simpl; f_equal; ring.
Qed.

Theorem tanh_attained :
  is_lim tanh p_infty tanh_s0 /\ Rabs (Derive tanh tanh_s1_at) = tanh_s1 /\
  Rabs (Derive_n tanh 2 tanh_s2_at) = tanh_s2 /\ Rabs (Derive_n tanh 3 tanh_s3_at) = tanh_s3.
Proof.
  destruct sqrt_3 as [H3 E3].
  repeat split; [apply tanh_lim | | |].
  - rewrite (is_derive_unique _ _ _ (tanh_derive _)); unfold tanh_s1_at, tanh_s1; rewrite tanh_0.
    rewrite Rabs_pos_eq; lra.
  - rewrite (Derive_n_2 _ _ _ tanh_derive tanh_derive_2), tanh_at_s2, Rabs_Ropp, tanh_s2_value.
    replace (2 * / sqrt 3 * (1 - (/ sqrt 3) ^ 2)) with (4 / (3 * sqrt 3)).
    + apply Rabs_pos_eq, Rlt_le, Rdiv_lt_0_compat; lra.
    + replace ((/ sqrt 3) ^ 2) with (/ 3) by (rewrite pow_inv, E3; easy); field; lra.
  - rewrite (Derive_n_3 _ _ _ _ tanh_derive tanh_derive_2 tanh_derive_3); unfold tanh_s3_at, tanh_s3; rewrite tanh_0.
    rewrite <- Rabs_Ropp, Rabs_pos_eq; lra.
Qed.

(** * sigmoid: sigma' = sigma (1 - sigma) *)

Lemma sigmoid_range x : 0 < sigmoid x < 1.
Proof.
  unfold sigmoid; pose proof (exp_pos (- x)); split; [apply Rinv_0_lt_compat; lra|].
  rewrite <- Rinv_1; apply Rinv_lt_contravar; lra.
Qed.

Lemma sigmoid_tanh x : sigmoid x = (1 + tanh (x / 2)) / 2.
Proof.
  rewrite tanh_exp; replace (2 * (x / 2)) with x by field; unfold sigmoid; rewrite exp_Ropp; pose proof (exp_pos x).
  field; lra.
Qed.

Lemma sigmoid_0 : sigmoid 0 = 1 / 2. Proof. rewrite sigmoid_tanh; replace (0 / 2) with 0 by field; rewrite tanh_0; field. Qed.

Lemma sigmoid_opp x : sigmoid (- x) = 1 - sigmoid x.
Proof. rewrite !sigmoid_tanh; replace (- x / 2) with (- (x / 2)) by field; rewrite tanh_opp; field. Qed.

Lemma sigmoid_derive x : is_derive sigmoid x (sigmoid x * (1 - sigmoid x)).
Proof. unfold sigmoid; pose proof (exp_pos (- x)); auto_derive; [lra | field; lra]. Qed.
Global Instance UnaryDiff_sigmoid : UnaryDiff sigmoid.
Proof. exists (fun x => sigmoid x * (1 - sigmoid x)); exact sigmoid_derive. Defined.

Lemma sigmoid_derive_2 x : is_derive (fun y => sigmoid y * (1 - sigmoid y)) x
  (sigmoid x * (1 - sigmoid x) * (1 - 2 * sigmoid x)).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.
Lemma sigmoid_derive_3 x : is_derive (fun y => sigmoid y * (1 - sigmoid y) * (1 - 2 * sigmoid y)) x
  (sigmoid x * (1 - sigmoid x) * (1 - 6 * (sigmoid x * (1 - sigmoid x)))).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.

Lemma sigmoid_s2_value : sigmoid_s2 = / 8 * (4 / (3 * sqrt 3)).
Proof. rewrite <- tanh_s2_value; unfold sigmoid_s2, tanh_s2; field.
Qed.

Lemma sigmoid_p x : 0 < sigmoid x * (1 - sigmoid x) <= 1 / 4.
Proof. pose proof (sigmoid_range x); pose proof (pow2_ge_0 (2 * sigmoid x - 1)); split; nra. Qed.

Theorem sigmoid_s0_bound x : Rabs (sigmoid x) <= sigmoid_s0.
Proof. pose proof (sigmoid_range x); unfold sigmoid_s0; apply Rabs_le; lra. Qed.
Theorem sigmoid_s1_bound x : Rabs (Derive sigmoid x) <= sigmoid_s1.
Proof. rewrite (is_derive_unique _ _ _ (sigmoid_derive x)); pose proof (sigmoid_p x); unfold sigmoid_s1; apply Rabs_le; lra. Qed.
Theorem sigmoid_s2_bound x : Rabs (Derive_n sigmoid 2 x) <= sigmoid_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ sigmoid_derive sigmoid_derive_2), sigmoid_s2_value.
  pose proof (sigmoid_range x); set (s := sigmoid x) in *.
  assert (Hc := cubic_bound (1 - 2 * s) ltac:(lra)).
  replace (s * (1 - s) * (1 - 2 * s)) with (/ 8 * (2 * (1 - 2 * s) * (1 - (1 - 2 * s) ^ 2))) by field.
  rewrite Rabs_mult, (Rabs_pos_eq (/ 8)) by lra; lra.
Qed.
Theorem sigmoid_s3_bound x : Rabs (Derive_n sigmoid 3 x) <= sigmoid_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ sigmoid_derive sigmoid_derive_2 sigmoid_derive_3).
  pose proof (sigmoid_p x) as P; unfold sigmoid_s3; set (p := sigmoid x * (1 - sigmoid x)) in *.
  pose proof (pow2_ge_0 (12 * p - 1)); apply Rabs_le; split; nra.
Qed.

Lemma sigmoid_at_s2 : sigmoid sigmoid_s2_at = (1 + / sqrt 3) / 2.
Proof.
  rewrite sigmoid_tanh; unfold sigmoid_s2_at; rewrite <- tanh_at_s2; unfold tanh_s2_at; do 3 f_equal; field.
Qed.

Lemma sigmoid_lim : is_lim sigmoid p_infty 1.
Proof.
  assert (E : is_lim (fun x => 1 + exp (- x)) p_infty 1).
  { apply (is_lim_plus _ _ _ 1 0); [apply is_lim_const | | unfold is_Rbar_plus; simpl; repeat f_equal; ring].
    apply (is_lim_comp exp (fun x => - x) p_infty 0 m_infty); [apply is_lim_exp_m| |now exists 0].
    evar_last; [apply is_lim_opp, is_lim_id | easy]. }
  unfold sigmoid; evar_last; [apply (is_lim_inv _ _ 1); [exact E | injection; lra]|].
  simpl; f_equal; field.
Qed.

Theorem sigmoid_attained :
  is_lim sigmoid p_infty sigmoid_s0 /\ Rabs (Derive sigmoid sigmoid_s1_at) = sigmoid_s1 /\
  Rabs (Derive_n sigmoid 2 sigmoid_s2_at) = sigmoid_s2 /\ Rabs (Derive_n sigmoid 3 sigmoid_s3_at) = sigmoid_s3.
Proof.
  destruct sqrt_3 as [H3 E3].
  repeat split; [apply sigmoid_lim | | |].
  - rewrite (is_derive_unique _ _ _ (sigmoid_derive _)); unfold sigmoid_s1_at, sigmoid_s1; rewrite sigmoid_0.
    rewrite Rabs_pos_eq; lra.
  - rewrite (Derive_n_2 _ _ _ sigmoid_derive sigmoid_derive_2), sigmoid_at_s2, sigmoid_s2_value, <- Rabs_Ropp.
    set (r := / sqrt 3).
    assert (Hr : 3 * r ^ 2 = 1) by (unfold r; rewrite pow_inv, E3; field).
    replace (/ 8 * (4 / (3 * sqrt 3))) with (r / 6) by (unfold r; field; lra).
    replace (- ((1 + r) / 2 * (1 - (1 + r) / 2) * (1 - 2 * ((1 + r) / 2)))) with (r * (1 - r ^ 2) / 4) by field.
    replace (r ^ 2) with (1 / 3) by lra; assert (0 < r) by (apply Rinv_0_lt_compat; lra).
    rewrite Rabs_pos_eq; lra.
  - rewrite (Derive_n_3 _ _ _ _ sigmoid_derive sigmoid_derive_2 sigmoid_derive_3).
    unfold sigmoid_s3_at, sigmoid_s3; rewrite sigmoid_0, <- Rabs_Ropp, Rabs_pos_eq; lra.
Qed.

(** * softplus: sigma' = sigmoid *)

Lemma softplus_derive x : is_derive softplus x (sigmoid x).
Proof. unfold softplus, sigmoid; pose proof (exp_pos x); auto_derive; [lra | rewrite exp_Ropp; field; lra]. Qed.

Theorem softplus_s1_bound x : Rabs (Derive softplus x) <= softplus_s1.
Proof. rewrite (is_derive_unique _ _ _ (softplus_derive x)); apply sigmoid_s0_bound. Qed.
Theorem softplus_s2_bound x : Rabs (Derive_n softplus 2 x) <= softplus_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ softplus_derive sigmoid_derive), <- (is_derive_unique _ _ _ (sigmoid_derive x)).
  apply sigmoid_s1_bound.
Qed.
Theorem softplus_s3_bound x : Rabs (Derive_n softplus 3 x) <= softplus_s3.
Proof.
  rewrite (Derive_n_3 _ _ _ _ softplus_derive sigmoid_derive sigmoid_derive_2).
  rewrite <- (Derive_n_2 _ _ _ sigmoid_derive sigmoid_derive_2); apply sigmoid_s2_bound.
Qed.

(** softplus x >= x for all x: no bound. *)
Theorem softplus_unbounded x : x <= softplus x.
Proof. unfold softplus; pose proof (exp_pos x); rewrite <- (ln_exp x) at 1; apply Rlt_le, ln_increasing; lra. Qed.

Theorem softplus_attained :
  is_lim (Derive softplus) p_infty softplus_s1 /\
  Rabs (Derive_n softplus 2 softplus_s2_at) = softplus_s2 /\ Rabs (Derive_n softplus 3 softplus_s3_at) = softplus_s3.
Proof.
  destruct sigmoid_attained as (L & A & B & _); repeat split.
  - apply (is_lim_ext sigmoid); [intros; symmetry; apply is_derive_unique, softplus_derive | exact L].
  - rewrite (Derive_n_2 _ _ _ softplus_derive sigmoid_derive), <- (is_derive_unique _ _ _ (sigmoid_derive _)); exact A.
  - rewrite (Derive_n_3 _ _ _ _ softplus_derive sigmoid_derive sigmoid_derive_2).
    rewrite <- (Derive_n_2 _ _ _ sigmoid_derive sigmoid_derive_2); exact B.
Qed.

(** * SiLU, x sigmoid x.  With T = tanh (x/2) and p = (1 - T^2)/4:
      sigma' = (1 + T)/2 + x p,  sigma'' = p (2 - x T). *)

Definition silu_d1 x := sigmoid x + x * (sigmoid x * (1 - sigmoid x)).
Definition silu_d2 x := sigmoid x * (1 - sigmoid x) * (2 + x * (1 - 2 * sigmoid x)).
Definition silu_d3 x := sigmoid x * (1 - sigmoid x) *
  (3 * (1 - 2 * sigmoid x) + x * (1 - 6 * (sigmoid x * (1 - sigmoid x)))).

Lemma silu_derive x : is_derive silu x (silu_d1 x).
Proof. unfold silu, silu_d1; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.
Lemma silu_derive_2 x : is_derive silu_d1 x (silu_d2 x).
Proof. unfold silu_d1, silu_d2; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.
Lemma silu_derive_3 x : is_derive silu_d2 x (silu_d3 x).
Proof. unfold silu_d2, silu_d3; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.

Lemma silu_d2_tanh x : silu_d2 x = sigmoid x * (1 - sigmoid x) * (2 - x * tanh (x / 2)).
Proof. unfold silu_d2; rewrite !sigmoid_tanh; field. Qed.

Lemma silu_d1_opp x : silu_d1 (- x) = 1 - silu_d1 x.
Proof. unfold silu_d1; rewrite sigmoid_opp; ring. Qed.
Lemma silu_d2_opp x : silu_d2 (- x) = silu_d2 x.
Proof. unfold silu_d2; rewrite sigmoid_opp; ring. Qed.
Lemma silu_d3_opp x : silu_d3 (- x) = - silu_d3 x.
Proof. unfold silu_d3; rewrite sigmoid_opp; ring. Qed.

Lemma tanh_increasing x y : x <= y -> tanh x <= tanh y.
Proof.
  intros H; destruct (mean_value tanh _ x y tanh_derive) as (c & _ & E); pose proof (tanh_range c).
  assert (0 <= (1 - tanh c ^ 2) * (y - x)) by (apply Rmult_le_pos; nra); lra.
Qed.

(** z tanh (z/2) increases on [0, oo). *)
Lemma z_tanh_increasing x y : 0 <= x <= y -> x * tanh (x / 2) <= y * tanh (y / 2).
Proof.
  intros H; assert (0 <= tanh (x / 2)) by (rewrite <- tanh_0; apply tanh_increasing; lra).
  apply Rmult_le_compat; [easy | easy | easy | apply tanh_increasing; lra].
Qed.

(** r in [2, 3] is the root of z tanh (z/2) = 2. *)
Lemma silu_root : 2 <= silu_s1_at <= 3 /\ silu_s1_at * tanh (silu_s1_at / 2) = 2.
Proof.
  unfold silu_s1_at; set (f := fun x => _).
  destruct (isolated_root_spec f 2 3) as [H E]; [lra| | |].
  - intros x; apply (@ex_derive_continuous R_AbsRing R_NormedModule); unfold f; auto_derive; easy.
  - unfold f; split.
    + pose proof (tanh_range (1 / 2 * 2)); lra.
    + rewrite tanh_exp; replace (2 * (1 / 2 * 3)) with (1 + 1 + 1) by field; rewrite !exp_plus.
      (* e >= 2, so e^3 + 1 >= 9 > 6 *)
      pose proof (exp_ineq1_le 1); set (e := exp 1) in *.
      assert (0 < 2 / (e * e * e + 1) <= 2 / 9); [|lra].
      assert (9 <= e * e * e + 1) by (assert (4 <= e * e) by nra; nra).
      split; [apply Rdiv_lt_0_compat; lra|].
      apply Rmult_le_compat_l; [lra|]; apply Rinv_le_contravar; lra.
  - split; [exact H|].
    assert (K : f (isolated_root f 2 3) = isolated_root f 2 3 * tanh (isolated_root f 2 3 / 2) - 2)
      by (unfold f at 1; replace (1 / 2 * isolated_root f 2 3) with (isolated_root f 2 3 / 2) by field; ring).
    lra.
Qed.

Lemma silu_s1_value : silu_d1 silu_s1_at = silu_s1.
Proof.
  destruct silu_root as [H E]; change silu_s1 with (1 / 4 * silu_s1_at + 1 / 2).
  unfold silu_d1; rewrite sigmoid_tanh; set (r := silu_s1_at) in *; set (t := tanh (r / 2)) in *.
  (* (1 + t)/2 + r (1 - t^2)/4 with r t = 2 *)
  replace ((1 + t) / 2 + r * ((1 + t) / 2 * (1 - (1 + t) / 2))) with ((1 + t) / 2 + (r - (r * t) * t) / 4) by field.
  rewrite E; field.
Qed.

Lemma silu_d1_le x : 0 <= x -> 1 / 2 <= silu_d1 x <= silu_s1.
Proof.
  intros Hx; destruct silu_root as [H E]; split.
  - unfold silu_d1; pose proof (sigmoid_p x); rewrite sigmoid_tanh at 1.
    assert (0 <= tanh (x / 2)) by (rewrite <- tanh_0; apply tanh_increasing; lra); nra.
  - rewrite <- silu_s1_value.
    apply (largest_at silu_d1 silu_d2 0 (Rmax x silu_s1_at) silu_s1_at silu_derive_2).
    + pose proof (Rmax_r x silu_s1_at); lra.
    + intros y Hy; rewrite silu_d2_tanh; pose proof (sigmoid_p y).
      pose proof (z_tanh_increasing y silu_s1_at ltac:(lra)); apply Rmult_le_pos; lra.
    + intros y Hy; rewrite silu_d2_tanh; pose proof (sigmoid_p y).
      pose proof (z_tanh_increasing silu_s1_at y ltac:(lra)); nra.
    + split; [easy | apply Rmax_l].
Qed.

Theorem silu_s1_bound x : Rabs (Derive silu x) <= silu_s1.
Proof.
  rewrite (is_derive_unique _ _ _ (silu_derive x)); pose proof (silu_d1_le 0 ltac:(lra)).
  apply Rabs_le; destruct (Rle_or_lt 0 x) as [P|P].
  - pose proof (silu_d1_le x P); lra.
  - pose proof (silu_d1_le (- x) ltac:(lra)) as K; rewrite silu_d1_opp in K; lra.
Qed.

(** Where x T <= 2, sigma'' = p (2 - x T) <= 2 p <= 1/2; elsewhere |sigma''| <= x p <= x e^(-x) <= 1/2. *)
Lemma silu_d2_le x : 0 <= x -> Rabs (silu_d2 x) <= silu_s2.
Proof.
  intros Hx; unfold silu_s2; rewrite silu_d2_tanh; pose proof (sigmoid_p x) as P; pose proof (sigmoid_range x).
  assert (T : 0 <= tanh (x / 2) < 1) by (split; [rewrite <- tanh_0; apply tanh_increasing; lra | apply tanh_range]).
  assert (Xp : x * (sigmoid x * (1 - sigmoid x)) <= 1 / 2).
  { assert (Ee : sigmoid x * exp (- x) = 1 - sigmoid x) by (unfold sigmoid; field; pose proof (exp_pos (- x)); lra).
    assert (X : x * exp (- x) <= 1 / 2).
    { rewrite exp_Ropp; pose proof (exp_pos x); pose proof (exp_ge_square x Hx).
      apply Rmult_le_reg_r with (exp x); [easy|]; rewrite Rmult_assoc, Rinv_l by lra.
      pose proof (pow2_ge_0 (1 - x / 2)); nra. }
    pose proof (exp_pos (- x)); rewrite <- Ee.
    replace (x * (sigmoid x * (sigmoid x * exp (- x)))) with (sigmoid x * sigmoid x * (x * exp (- x))) by ring.
    assert (0 <= x * exp (- x)) by nra; assert (sigmoid x * sigmoid x <= 1) by nra.
    assert (0 <= sigmoid x * sigmoid x) by nra.
    apply Rle_trans with (1 * (x * exp (- x))); [apply Rmult_le_compat_r|]; lra. }
  set (p := sigmoid x * (1 - sigmoid x)) in *; set (t := tanh (x / 2)) in *.
  assert (0 <= x * p) by nra.
  apply Rabs_le; split; nra.
Qed.

Theorem silu_s2_bound x : Rabs (Derive_n silu 2 x) <= silu_s2.
Proof.
  rewrite (Derive_n_2 _ _ _ silu_derive silu_derive_2); destruct (Rle_or_lt 0 x); [now apply silu_d2_le|].
  rewrite <- silu_d2_opp; apply silu_d2_le; lra.
Qed.

Theorem silu_attained : Rabs (Derive silu silu_s1_at) = silu_s1 /\ Rabs (Derive_n silu 2 silu_s2_at) = silu_s2.
Proof.
  split.
  - rewrite (is_derive_unique _ _ _ (silu_derive _)), silu_s1_value; apply Rabs_pos_eq.
    pose proof (silu_d1_le 0 ltac:(lra)); lra.
  - rewrite (Derive_n_2 _ _ _ silu_derive silu_derive_2); unfold silu_s2_at, silu_s2, silu_d2; rewrite sigmoid_0.
    rewrite Rabs_pos_eq; lra.
Qed.

Theorem silu_unbounded x : 0 <= x -> x / 2 <= silu x.
Proof.
  intros H; unfold silu; rewrite sigmoid_tanh.
  assert (0 <= tanh (x / 2)) by (rewrite <- tanh_0; apply tanh_increasing; lra); nra.
Qed.

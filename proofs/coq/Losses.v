(** Losses: Lipschitz constants of g and of its gradient, and the constants of an averaged loss from the network's.

    mse: g(u) = |u - y|^2/2.  logistic: g(u) = ln(1 + e^(-y u)), y = 1 or -1.  cross-entropy: g(u) = ln(Sum e^(u_c)) - u_y. *)
From Coq Require Import Reals Lra Psatz Arith Lia.
From Coquelicot Require Import Coquelicot.
From Lipsym Require Import Sums Network Smoothness Functions Constants Calculus ActTanh.
Open Scope R_scope.

(** * Logistic loss *)

Definition logistic (y u : R) := softplus (- (y * u)).
Definition logistic_grad (y u : R) := - y * sigmoid (- (y * u)).

Lemma logistic_derive y u : is_derive (logistic y) u (logistic_grad y u).
Proof.
  unfold logistic, logistic_grad; evar_last.
  - apply (is_derive_comp softplus (fun u => - (y * u))); [apply softplus_derive|].
    auto_derive; [easy | reflexivity].
  - unfold scal; simpl; unfold mult; simpl; ring.
Qed.
Lemma logistic_derive_2 y u : is_derive (logistic_grad y) u
  (y ^ 2 * (sigmoid (- (y * u)) * (1 - sigmoid (- (y * u))))).
Proof. unfold logistic_grad; auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.
Lemma logistic_derive_3 y u : is_derive (fun u => y ^ 2 * (sigmoid (- (y * u)) * (1 - sigmoid (- (y * u))))) u
  (- y ^ 3 * (sigmoid (- (y * u)) * (1 - sigmoid (- (y * u))) * (1 - 2 * sigmoid (- (y * u))))).
Proof. auto_derive; [easy | unfold UnaryDiff_f', UnaryDiff_sigmoid; ring]. Qed.

Section Logistic.
  Variable y : R.
  Hypothesis label : y = 1 \/ y = -1.
  Let y_sq : y ^ 2 = 1. Proof. destruct label as [-> | ->]; ring. Qed.
  Let y_abs : Rabs y = 1. Proof. destruct label as [-> | ->]; [apply Rabs_R1 | rewrite Rabs_left; lra]. Qed.

  Theorem logistic_G1_bound u : Rabs (Derive (logistic y) u) <= logistic_G1.
  Proof.
    rewrite (is_derive_unique _ _ _ (logistic_derive y u)); unfold logistic_grad, logistic_G1.
    rewrite Rabs_mult, Rabs_Ropp, y_abs, Rmult_1_l; pose proof (sigmoid_range (- (y * u))); apply Rabs_le; lra.
  Qed.
  Theorem logistic_G2_bound u : Rabs (Derive_n (logistic y) 2 u) <= logistic_G2.
  Proof.
    rewrite (Derive_n_2 _ _ _ (logistic_derive y) (logistic_derive_2 y)), y_sq; unfold logistic_G2.
    pose proof (sigmoid_p (- (y * u))); apply Rabs_le; lra.
  Qed.
  Theorem logistic_G3_bound u : Rabs (Derive_n (logistic y) 3 u) <= logistic_G3.
  Proof.
    rewrite (Derive_n_3 _ _ _ _ (logistic_derive y) (logistic_derive_2 y) (logistic_derive_3 y)).
    rewrite Rabs_mult; replace (Rabs (- y ^ 3)) with 1.
    - rewrite Rmult_1_l, <- (Derive_n_2 _ _ _ sigmoid_derive sigmoid_derive_2); apply sigmoid_s2_bound.
    - replace (- y ^ 3) with (- (y * y ^ 2)) by ring; rewrite y_sq, Rmult_1_r, Rabs_Ropp; now symmetry.
  Qed.
  Theorem logistic_G2_attained : Rabs (Derive_n (logistic y) 2 0) = logistic_G2.
  Proof.
    rewrite (Derive_n_2 _ _ _ (logistic_derive y) (logistic_derive_2 y)), y_sq; unfold logistic_G2.
    replace (- (y * 0)) with 0 by ring; rewrite sigmoid_0, Rabs_pos_eq; lra.
  Qed.
End Logistic.

(** * Squared error *)

Section Mse.
  Variables (l : nat) (y : vec).
  Definition mse (u : vec) := / 2 * Sum l (fun i => (u i - y i) ^ 2).
  Definition mse_grad (u : vec) : vec := fun i => u i - y i.

  (** The gradient: g(u + h) - g(u) = <u - y, h> + |h|^2/2. *)
  Theorem mse_gradient u h : mse (fun i => u i + h i) - mse u = Sum l (fun i => mse_grad u i * h i) + / 2 * norm l h ^ 2.
  Proof.
    unfold mse, mse_grad; rewrite norm_sq, <- !Sum_scal, <- Sum_minus, <- Sum_plus; apply Sum_ext; intros; field.
  Qed.

  (** |grad g| <= n + Y for |u| <= n, |y| <= Y. *)
  Theorem mse_G1_bound u n Y : norm l u <= n -> norm l y <= Y -> norm l (mse_grad u) <= n + Y.
  Proof.
    intros Hu Hy; rewrite (norm_ext _ _ (fun i => u i + - y i)) by (intros; unfold mse_grad; ring).
    eapply Rle_trans; [apply norm_triangle|]; apply Rplus_le_compat; [easy|].
    replace (norm l (fun i => - y i)) with (norm l y); [easy|].
    unfold norm; f_equal; apply Sum_ext; intros; ring.
  Qed.

  Theorem mse_G2_bound u u' :
    norm l (fun i => mse_grad u i - mse_grad u' i) = mse_G2 * norm l (fun i => u i - u' i).
  Proof. unfold mse_G2; rewrite Rmult_1_l; apply norm_ext; intros; unfold mse_grad; ring. Qed.
End Mse.

(** * Cross-entropy: the gradient is softmax(u) - e_y. *)

Section CrossEntropy.
  Variable l : nat.
  Hypothesis l_pos : (0 < l)%nat.

  Definition partition (u : vec) := Sum l (fun c => exp (u c)).
  Definition softmax (u : vec) : vec := fun c => exp (u c) / partition u.
  Definition unit_vector (y : nat) : vec := fun c => if Nat.eq_dec c y then 1 else 0.
  Definition cross_entropy (y : nat) (u : vec) := ln (partition u) - u y.
  Definition cross_entropy_grad (y : nat) (u : vec) : vec := fun c => softmax u c - unit_vector y c.

  Lemma partition_pos u : 0 < partition u.
  Proof.
    unfold partition; apply Rlt_le_trans with (exp (u 0%nat)); [apply exp_pos|].
    apply (term_le_Sum l (fun c => exp (u c))); [intros; apply Rlt_le, exp_pos | easy].
  Qed.

  Lemma softmax_pos u c : 0 < softmax u c. Proof. apply Rdiv_lt_0_compat; [apply exp_pos | apply partition_pos]. Qed.
  Lemma softmax_sum u : Sum l (softmax u) = 1.
  Proof.
    pose proof (partition_pos u); unfold softmax.
    rewrite (Sum_ext _ _ (fun c => / partition u * exp (u c))) by (intros; unfold Rdiv; ring).
    rewrite Sum_scal; fold (partition u); field; lra.
  Qed.
  Lemma softmax_le_1 u c : (c < l)%nat -> softmax u c <= 1.
  Proof.
    intros H; rewrite <- (softmax_sum u); apply (term_le_Sum l (softmax u)); [intros; apply Rlt_le, softmax_pos | easy].
  Qed.

  Lemma Sum_unit y v : (y < l)%nat -> Sum l (fun c => unit_vector y c * v c) = v y.
  Proof.
    clear l_pos; induction l as [|n IH]; intros H; [lia|]; cbn [Sum]; unfold unit_vector at 2.
    destruct (Nat.eq_dec n y) as [->|Ne].
    - rewrite (Sum_ext _ _ (fun _ => 0)), Sum_const; [ring|].
      intros k Hk; unfold unit_vector; destruct (Nat.eq_dec k y); [lia | ring].
    - rewrite IH by lia; ring.
  Qed.

  (** Along u + s h: the derivative is <softmax(u) - e_y, h>. *)
  Lemma partition_derive u h s :
    is_derive (fun s => partition (fun c => u c + s * h c)) s
      (Sum l (fun c => exp (u c + s * h c) * h c)).
  Proof.
    unfold partition; apply (is_derive_Sum l (fun c s => exp (u c + s * h c)) (fun c s => exp (u c + s * h c) * h c)).
    intros c _; auto_derive; [easy | ring].
  Qed.

  Theorem cross_entropy_gradient y u h s : (y < l)%nat ->
    is_derive (fun s => cross_entropy y (fun c => u c + s * h c)) s
      (Sum l (fun c => cross_entropy_grad y (fun c => u c + s * h c) c * h c)).
  Proof.
    intros Hy; unfold cross_entropy; set (v := fun c => u c + s * h c).
    evar_last.
    - apply @is_derive_minus.
      + apply (is_derive_comp ln (fun s => partition (fun c => u c + s * h c))); [|apply partition_derive].
        apply is_derive_Reals, derivable_pt_lim_ln, partition_pos.
      + auto_derive; [easy | reflexivity].
    - unfold minus, plus, opp, scal; simpl; unfold mult; simpl; fold v.
      unfold cross_entropy_grad, softmax; apply Rminus_diag_uniq.
      rewrite (Sum_ext l (fun c => (exp (v c) / partition v - unit_vector y c) * h c)
        (fun c => exp (v c) / partition v * h c - unit_vector y c * h c)) by (intros; ring).
      rewrite Sum_minus, Sum_unit by easy; rewrite (Sum_ext _ (fun c => exp (v c) / partition v * h c)
        (fun c => / partition v * (exp (v c) * h c))) by (intros; unfold Rdiv; ring).
      rewrite Sum_scal; unfold v, Hierarchy.minus, plus, opp; simpl; ring.
  Qed.

  (** |softmax(u) - e_y|^2 = Sum_c p_c^2 + 1 - 2 p_y <= p_y^2 + (1 - p_y)^2 + 1 - 2 p_y = 2 (1 - p_y)^2 <= 2 *)
  Theorem cross_entropy_G1_bound y u : (y < l)%nat -> norm l (cross_entropy_grad y u) <= cross_entropy_G1.
  Proof.
    intros Hy; unfold cross_entropy_G1, norm; apply sqrt_le_1_alt.
    set (p := softmax u); pose proof (softmax_pos u : forall c, 0 < p c); pose proof (softmax_sum u : Sum l p = 1) as S1.
    rewrite (Sum_ext _ _ (fun c => p c ^ 2 + unit_vector y c * (1 - 2 * p c))).
    2:{ intros c _; unfold cross_entropy_grad, unit_vector; fold p; destruct (Nat.eq_dec c y); ring. }
    rewrite Sum_plus, (Sum_unit y (fun c => 1 - 2 * p c)) by easy.
    assert (Sum l (fun c => p c ^ 2) <= 1).
    { rewrite <- S1 at 1; apply Sum_le; intros c Hc; pose proof (H c); pose proof (softmax_le_1 u c Hc : p c <= 1); nra. }
    pose proof (H y); lra.
  Qed.

  (** The Hessian diag(p) - p p^T: its form is a variance, at most half the squared norm.
      Sum p_c h_c^2 - (Sum p_c h_c)^2 <= Sum_c (h_c - a)^2 p_c for every a; see [hessian_form]. *)
  Definition form (p h : vec) := Sum l (fun c => p c * h c ^ 2) - Sum l (fun c => p c * h c) ^ 2.

  (** 2 (p_c - p_c^2) <= 1/2 and |2 p_c p_d h_c h_d| <= p_c p_d (h_c^2 + h_d^2):
      the form is at most Sum_c (p_c - p_c^2 + p_c (1 - p_c)) h_c^2 = Sum_c 2 p_c (1 - p_c) h_c^2 (Gershgorin). *)
  Lemma form_bounds p h : (forall c, 0 < p c) -> Sum l p = 1 -> 0 <= form p h <= / 2 * norm l h ^ 2.
  Proof.
    intros Hp S1; unfold form; rewrite norm_sq.
    set (a := Sum l (fun c => p c * h c)).
    assert (E : Sum l (fun c => p c * h c ^ 2) - a ^ 2 = Sum l (fun c => p c * (h c - a) ^ 2)).
    { rewrite (Sum_ext l (fun c => p c * (h c - a) ^ 2) (fun c => (p c * h c ^ 2 - 2 * a * (p c * h c)) + a ^ 2 * p c))
        by (intros; ring).
      rewrite Sum_plus, Sum_minus, !Sum_scal, S1; fold a; ring. }
    split.
    - rewrite E; apply Sum_nonneg; intros c _; apply Rmult_le_pos; [apply Rlt_le, Hp | apply pow2_ge_0].
    - (* a^2 = Sum_c p_c h_c a >= Sum_c (2 p_c^2 - p_c) h_c^2:  the double sum of p_c p_d (h_c + h_d)^2 over c <> d is >= 0 *)
      assert (D : 0 <= Sum l (fun c => Sum l (fun d => p c * p d * (h c + h d) ^ 2)
                                       - p c ^ 2 * (2 * h c) ^ 2)).
      { apply Sum_nonneg; intros c Hc.
        assert (p c * p c * (h c + h c) ^ 2 <= Sum l (fun d => p c * p d * (h c + h d) ^ 2)).
        { apply (term_le_Sum l (fun d => p c * p d * (h c + h d) ^ 2)); [|easy].
          intros d _; apply Rmult_le_pos; [apply Rmult_le_pos; apply Rlt_le, Hp | apply pow2_ge_0]. }
        replace (p c * p c * (h c + h c) ^ 2) with (p c ^ 2 * (2 * h c) ^ 2) in H by ring; lra. }
      rewrite Sum_minus in D.
      rewrite (Sum_ext l (fun c => Sum l (fun d => p c * p d * (h c + h d) ^ 2))
        (fun c => p c * h c ^ 2 + 2 * a * (p c * h c) + Sum l (fun c => p c * h c ^ 2) * p c)) in D.
      2:{ intros c _; rewrite (Sum_ext _ _ (fun d => p c * h c ^ 2 * p d + 2 * p c * h c * (p d * h d) + p c * (p d * h d ^ 2)))
            by (intros; ring).
          rewrite !Sum_plus, !Sum_scal, S1; fold a; ring. }
      rewrite !Sum_plus, !Sum_scal, S1 in D; fold a in D.
      rewrite (Sum_ext l (fun c => p c ^ 2 * (2 * h c) ^ 2) (fun c => 4 * (p c ^ 2 * h c ^ 2))) in D by (intros; ring).
      rewrite Sum_scal in D.
      (* Sum p h^2 - a^2 <= 2 (Sum p h^2 - Sum p^2 h^2) = Sum 2 p (1 - p) h^2 <= 1/2 Sum h^2 *)
      assert (G : 2 * Sum l (fun c => p c * h c ^ 2) - 2 * Sum l (fun c => p c ^ 2 * h c ^ 2)
                  <= / 2 * Sum l (fun c => h c ^ 2)).
      { rewrite <- !Sum_scal, <- Sum_minus; apply Sum_le; intros c _.
        pose proof (pow2_ge_0 (2 * p c - 1)); pose proof (pow2_ge_0 (h c)).
        assert (2 * p c - 2 * p c ^ 2 <= / 2) by nra; nra. }
      lra.
  Qed.

  (** |<w, (H)h>| for H = diag(p) - p p^T, by polarisation: <= |w| |h| / 2. *)
  Definition hessian (p w h : vec) := Sum l (fun c => p c * w c * h c) - Sum l (fun c => p c * w c) * Sum l (fun c => p c * h c).

  Lemma form_combination p w h s : form p (fun c => w c + s * h c) = form p w + 2 * s * hessian p w h + s ^ 2 * form p h.
  Proof.
    unfold form, hessian.
    rewrite (Sum_ext l (fun c => p c * (w c + s * h c) ^ 2)
      (fun c => p c * w c ^ 2 + 2 * s * (p c * w c * h c) + s ^ 2 * (p c * h c ^ 2))) by (intros; ring).
    rewrite (Sum_ext l (fun c => p c * (w c + s * h c)) (fun c => p c * w c + s * (p c * h c))) by (intros; ring).
    rewrite !Sum_plus, !Sum_scal; ring.
  Qed.

  Lemma hessian_bound p w h : (forall c, 0 < p c) -> Sum l p = 1 -> Rabs (hessian p w h) <= / 2 * (norm l w * norm l h).
  Proof.
    intros Hp S1; pose proof (form_bounds p w Hp S1) as Fw; pose proof (form_bounds p h Hp S1) as Fh.
    pose proof (norm_nonneg l w); pose proof (norm_nonneg l h).
    apply le_of_sq; [nra|]; rewrite pow2_abs.
    (* Cauchy-Schwarz for the form: B^2 <= form w form h <= |w|^2 |h|^2 / 4 *)
    assert (B : hessian p w h ^ 2 <= form p w * form p h).
    { assert (Q : forall s, 0 <= form p w + 2 * s * hessian p w h + s ^ 2 * form p h)
        by (intros s; rewrite <- form_combination; now apply form_bounds).
      set (b := hessian p w h) in *; set (f := form p w) in *; set (g := form p h) in *.
      destruct (Req_dec g 0) as [Z|Z].
      - rewrite Z in *; assert (b = 0); [|subst; nra].
        destruct (Req_dec b 0) as [|N]; [easy|exfalso].
        specialize (Q (- (f + 1) / (2 * b))).
        replace (f + 2 * (- (f + 1) / (2 * b)) * b + (- (f + 1) / (2 * b)) ^ 2 * 0) with (-1) in Q by (field; easy); lra.
      - specialize (Q (- b / g)); replace (f + 2 * (- b / g) * b + (- b / g) ^ 2 * g) with (f - b ^ 2 / g) in Q by (field; easy).
        assert (0 < g) by lra; apply Rmult_le_reg_r with (/ g); [now apply Rinv_0_lt_compat|].
        replace (f * g * / g) with f by (field; lra); unfold Rdiv in Q; lra. }
    apply Rle_trans with (/ 2 * norm l w ^ 2 * (/ 2 * norm l h ^ 2)); [|right; field].
    eapply Rle_trans; [exact B|]; apply Rmult_le_compat; lra.
  Qed.

  (** Along u + s h, the derivative of <w, softmax> is the Hessian's form. *)
  Lemma softmax_derive u h w s :
    is_derive (fun s => Sum l (fun c => softmax (fun c => u c + s * h c) c * w c)) s
      (hessian (softmax (fun c => u c + s * h c)) w h).
  Proof.
    set (v := fun c => u c + s * h c); evar_last.
    - apply (is_derive_Sum l (fun c s => softmax (fun c => u c + s * h c) c * w c)
        (fun c s => let v := fun c => u c + s * h c in
          (softmax v c * h c - softmax v c * Sum l (fun d => softmax v d * h d)) * w c)).
      intros c _; cbv zeta; fold v.
      apply @is_derive_ext with (f := fun s => exp (u c + s * h c) * / partition (fun c => u c + s * h c) * w c); [easy|].
      evar_last.
      + apply @is_derive_mult; [|apply @is_derive_const|apply Rmult_comm].
        apply @is_derive_mult; [| |apply Rmult_comm].
        * instantiate (1 := exp (u c + s * h c) * h c); auto_derive; [easy | ring].
        * apply is_derive_inv; [apply partition_derive|]; fold v; pose proof (partition_pos v); lra.
      + unfold plus, mult, zero; simpl; fold v; unfold softmax; pose proof (partition_pos v).
        rewrite (Sum_ext l (fun d => exp (v d) / partition v * h d) (fun d => / partition v * (exp (v d) * h d)))
          by (intros; unfold Rdiv; ring).
        rewrite Sum_scal; change (u c + s * h c) with (v c); set (X := Sum l (fun d => exp (v d) * h d)).
        change (Sum l (fun c => exp (u c + s * h c) * h c)) with X; field; lra.
    - cbv zeta; fold v; unfold hessian.
      rewrite (Sum_ext l _ (fun c => softmax v c * w c * h c - Sum l (fun d => softmax v d * h d) * (softmax v c * w c)))
        by (intros; ring).
      rewrite Sum_minus, Sum_scal; ring.
  Qed.

  (** grad g is 1/2-Lipschitz. *)
  Theorem cross_entropy_G2_bound y u u' :
    norm l (fun c => cross_entropy_grad y u c - cross_entropy_grad y u' c)
      <= cross_entropy_G2 * norm l (fun c => u c - u' c).
  Proof.
    set (h := fun c => u c - u' c); set (w := fun c => softmax u c - softmax u' c).
    rewrite (norm_ext _ _ w) by (intros; unfold cross_entropy_grad, w; ring).
    pose proof (norm_nonneg l w) as W; pose proof (norm_nonneg l h) as Hh.
    (* |w|^2 = <w, softmax(u) - softmax(u')> = derivative at some point of the segment <= |w| |h| / 2 *)
    destruct (mean_value _ _ 0 1 (softmax_derive u' h w)) as (s & _ & E).
    assert (M : Rabs (hessian (softmax (fun c => u' c + s * h c)) w h) <= / 2 * (norm l w * norm l h))
      by (apply hessian_bound; [apply softmax_pos | apply softmax_sum]).
    assert (F : Sum l (fun c => softmax (fun c => u' c + 1 * h c) c * w c)
              - Sum l (fun c => softmax (fun c => u' c + 0 * h c) c * w c) = norm l w ^ 2).
    { rewrite norm_sq, <- Sum_minus; apply Sum_ext; intros c _.
      assert (A : forall d, u' d + 1 * h d = u d) by (intros; unfold h; ring).
      assert (B : forall d, u' d + 0 * h d = u' d) by (intros; ring).
      unfold softmax at 1 2, partition; rewrite (Sum_ext l (fun c => exp (u' c + 1 * h c)) (fun c => exp (u c))) by (intros; now rewrite A).
      rewrite (Sum_ext l (fun c => exp (u' c + 0 * h c)) (fun c => exp (u' c))) by (intros; now rewrite B).
      rewrite A, B; unfold w, softmax, partition; ring. }
    rewrite F in E; pose proof (Rle_abs (hessian (softmax (fun c => u' c + s * h c)) w h)).
    unfold cross_entropy_G2; destruct (Req_dec (norm l w) 0) as [Z|Z]; nra.
  Qed.
End CrossEntropy.
